# Writes foldstream_build.h, and only when it differs: cmake -DOUT= -DSOURCE= -DVERSION= -DASK_GIT= -P
set(commit unknown)
if(ASK_GIT)
  execute_process(COMMAND git -C ${SOURCE} rev-parse HEAD OUTPUT_VARIABLE head RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    execute_process(COMMAND git -C ${SOURCE} status --porcelain --untracked-files=no
                    OUTPUT_VARIABLE changes ERROR_QUIET)
    set(commit ${head})
    if(changes)
      string(APPEND commit "-dirty")
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT [[#pragma once
#define FOLDSTREAM_BUILD_VERSION "@VERSION@"
#define FOLDSTREAM_BUILD_COMMIT "@commit@"
]] @ONLY)
