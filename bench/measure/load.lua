-- wrk's requests: BENCH_PATH with a number drawn for each in the place of %d, below BENCH_NUMBERS.
local path, numbers = os.getenv("BENCH_PATH"), tonumber(os.getenv("BENCH_NUMBERS"))
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init()
  math.randomseed(seed)
end

function request()
  return wrk.format("GET", string.format(path, math.random(0, numbers - 1)))
end
