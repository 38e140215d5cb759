# Every migrations/NNNN_name.sql becomes an entry of embedded_migrations(), at configure time.
file(GLOB migration_files CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/migrations/*.sql)
list(SORT migration_files)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${migration_files})
set(entries "")
set(due 1)
foreach(file ${migration_files})
  get_filename_component(name ${file} NAME_WE)
  if(NOT name MATCHES "^[0-9][0-9][0-9][0-9]_[a-z0-9_]+$")
    message(FATAL_ERROR "${file}: migrations are named NNNN_name.sql")
  endif()
  string(REGEX REPLACE "^0*([0-9]+)_.*$" "\\1" number ${name})
  if(NOT number EQUAL due)
    message(FATAL_ERROR "${file}: number ${due} was due")
  endif()
  math(EXPR due "${due} + 1")
  file(READ ${file} sql)
  string(APPEND entries "        {${number}, \"${name}\", R\"foldstream(${sql})foldstream\"},\n")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/embedded_migrations.cpp @ONLY CONTENT [=[
#include "common/postgres/migrations.hpp"

namespace foldstream::postgres {

const std::vector<Migration>& embedded_migrations() {
    static const std::vector<Migration> migrations = {
@entries@    };
    return migrations;
}

}  // namespace foldstream::postgres
]=])
target_sources(foldstream_common_postgres PRIVATE
               ${CMAKE_BINARY_DIR}/generated/embedded_migrations.cpp)
