-- Gives each request its own prompt, and each a key of its own among so many.
-- Arguments: a file with the request, the first number, the number of keys.

local head, middle, tail
local number, keys = 0, 1

local function split(text, mark)
  local from, to = text:find(mark, 1, true)
  if not from then return nil, text end
  return text:sub(1, from - 1), text:sub(to + 1)
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local text = file:read("*a")
  file:close()
  number, keys = tonumber(arguments[2]), tonumber(arguments[3])
  head, text = split(text, "@@@KEY@@@@")
  middle, tail = split(text, "@@NUMBER@@")
end

function request()
  number = number + 1
  local asked = middle .. string.format("%010d", number) .. tail
  if head then return head .. string.format("%010d", number % keys) .. asked end
  return asked
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "bytes": %.0f, "microseconds": %.0f, "p99": %.0f, "not_2xx": %d, "sockets": %d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
