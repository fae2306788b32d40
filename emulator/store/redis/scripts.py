"""What Redis does in one step, in Lua. No rule of the emulator is here: states are compared, stored and returned."""

import hashlib
from typing import NamedTuple


class Script(NamedTuple):
    """A script, and the digest by which Redis knows it once it has run."""

    text: str
    digest: str


def _script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


_APPEND = """
local function append(key, text, most, gone)
  if text == '' then return end
  for _, each in ipairs(cjson.decode(text)) do
    local list = key .. ':' .. each[1]
    if each[2] then redis.call('DEL', list) end
    redis.call('SADD', key, each[1])
    for _, entry in ipairs(each[3]) do
      if redis.call('RPUSH', list, entry) > most then redis.call('LTRIM', list, gone, -1) end
    end
  end
end
"""
"""Append to the ledgers of a key. `key` is the set of its accounts, and the beginning of the names of their lists;
`text` has, as JSON, for each account its name, whether the list begins anew, and the entries. A list with more than
`most` loses its first `gone`.
"""

COMMIT = _script(
    _APPEND
    + """
local own = redis.call('HGET', KEYS[1], 't') or ''
if redis.call('HGET', KEYS[8], ARGV[5]) == ARGV[3] then return {1} end
if not redis.call('ZSCORE', KEYS[10], ARGV[5]) then return {3} end
local shared = redis.call('HGET', KEYS[2], 't') or ''
local lock = redis.call('GET', KEYS[7])
local free = not lock or lock == ARGV[5]
local same = free and own == ARGV[1] and shared == ARGV[2]
for i = 16, #ARGV, 3 do
  same = same and (redis.call('HGET', KEYS[3], ARGV[i]) or '0') == ARGV[i + 1]
end
if not same then
  if ARGV[9] == '1' and not lock then redis.call('SET', KEYS[7], ARGV[5], 'PX', 100) end
  local told = {0, free and 1 or 0, own, false, shared, false}
  if own ~= ARGV[1] then told[4] = redis.call('HGET', KEYS[1], 's') end
  if shared ~= ARGV[2] then told[6] = redis.call('HGET', KEYS[2], 's') end
  for i = 16, #ARGV, 3 do told[#told + 1] = redis.call('HGET', KEYS[3], ARGV[i]) or '0' end
  return told
end
local most = tonumber(ARGV[7])
if ARGV[4] ~= '' or ARGV[13] ~= '' or #ARGV > 15 then
  if most >= 0 then
    if redis.call('ZCARD', KEYS[5]) >= most and not redis.call('ZSCORE', KEYS[5], ARGV[6]) then return {2} end
    redis.call('ZADD', KEYS[5], redis.call('TIME')[1], ARGV[6])
  end
  redis.call('HSET', KEYS[8], ARGV[5], ARGV[3])
  redis.call('EXPIRE', KEYS[8], 60)
  if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 't', ARGV[3], 's', ARGV[4]) end
  append(KEYS[9], ARGV[13], tonumber(ARGV[14]), tonumber(ARGV[15]))
  for i = 16, #ARGV, 3 do
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 2])
    redis.call('ZADD', KEYS[4], redis.call('HINCRBY', KEYS[1], 'n', 1), ARGV[i])
    if redis.call('ZCARD', KEYS[4]) > tonumber(ARGV[12]) then
      redis.call('HDEL', KEYS[3], redis.call('ZPOPMIN', KEYS[4])[1])
    end
  end
end
if ARGV[8] ~= '' then redis.call('SADD', KEYS[6], ARGV[6]) end
if lock then redis.call('DEL', KEYS[7]) end
if ARGV[11] ~= '' then redis.call('PUBLISH', ARGV[10], ARGV[11]) end
return {1}
"""
)
"""Commit a turn, unless others have committed meanwhile.

KEYS: the state, the shared state, the counts of requests, their order, the index of all keys, the names under which
the worker holds something, the lock, the last token of each worker, by which a commit is known that is sent again
because its answer was lost, the ledgers, and the leases. ARGV: the tokens of both states on which was decided, the new
token, the new state (empty: it is unchanged), the worker, the name of the key, how many keys may be remembered (-1:
this one is not counted), whether it holds something, whether to lock, the channel, a message for it, how many counts
may be remembered, what is appended to ledgers, with their limits (see `_APPEND`), and for each count its digest with
the values before and after. Returns 1; or 0, whether the key is not locked, and both tokens and states, if they are
others, with the counts; or 2 if there is no room for another key; or 3 if the worker has no lease.
"""

ALL = _script("""
local told = {redis.call('HGET', KEYS[1], 's')}
local names = redis.call('ZRANGE', KEYS[2], 0, -1)
for i = 2, #ARGV do names[#names + 1] = ARGV[i] end
for _, name in ipairs(names) do
  local key = ARGV[1] .. ':{' .. name .. '}:'
  local seen = {}
  for _, digest in ipairs(redis.call('ZRANGE', key .. 'recent', 0, -1)) do
    seen[#seen + 1] = digest
    seen[#seen + 1] = redis.call('HGET', key .. 'seen', digest)
  end
  local ledgers = {}
  for _, account in ipairs(redis.call('SMEMBERS', key .. 'ledgers')) do
    ledgers[#ledgers + 1] = account
    ledgers[#ledgers + 1] = redis.call('LRANGE', key .. 'ledgers:' .. account, 0, -1)
  end
  told[#told + 1] = {name, redis.call('HGET', key .. 'state', 's'), seen, ledgers}
end
return told
""")
"""Return the shared state, and the name, the state, the counts, in their order, and the ledgers of each key.

KEYS: the shared state, the index. ARGV: the prefix, and names that are not in the index.
"""

_DELETE = """
local function delete(key)
  for _, account in ipairs(redis.call('SMEMBERS', key .. 'ledgers')) do
    redis.call('DEL', key .. 'ledgers:' .. account)
  end
  redis.call('DEL', key .. 'state', key .. 'seen', key .. 'recent', key .. 'ledgers')
end
"""

FORGET = _script(
    _DELETE
    + """
local told = {}
local names = {}
if ARGV[2] == 'all' then names = redis.call('ZRANGE', KEYS[1], 0, -1) end
for i = 3, #ARGV do names[#names + 1] = ARGV[i] end
for _, name in ipairs(names) do
  local key = ARGV[1] .. ':{' .. name .. '}:'
  local state = redis.call('HGET', key .. 'state', 's')
  delete(key)
  redis.call('ZREM', KEYS[1], name)
  if state then told[#told + 1] = {name, state} end
end
return told
"""
)
"""Delete what is known of keys, and return the names and states of those that had one.

KEYS: the index. ARGV: the prefix, "all" for all keys of the index or "", and names.
"""

BEGIN = _script("""
if redis.call('HSETNX', KEYS[1], 'f', ARGV[1]) == 1 then redis.call('HSET', KEYS[1], 't', ARGV[2], 's', ARGV[3]) end
local told = redis.call('HMGET', KEYS[1], 'f', 't', 's')
if told[1] == ARGV[1] then
  redis.call('HSETNX', KEYS[3], 'origin', ARGV[2])
  if ARGV[4] ~= '' then
    local now = redis.call('TIME')
    redis.call('ZADD', KEYS[2], now[1] + now[2] / 1000000, ARGV[4])
  end
end
told[4] = redis.call('HGET', KEYS[3], 'origin')
return told
""")
"""Begin with a shared state unless there is one, and return the version of its format, its token, itself, and the
origin of the record: what is known of another one is known no more.

KEYS: the shared state, the leases, the counters. ARGV: the version, the token and the state with which to begin, and
the worker, which gets a lease, or nothing if it had one before.
"""

RESTORE = _script(
    _APPEND
    + """
local key = ARGV[1] .. ':{' .. ARGV[2] .. '}:'
redis.call('HSET', key .. 'state', 't', ARGV[4], 's', ARGV[5])
append(key .. 'ledgers', ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]))
for i = 9, #ARGV, 2 do
  redis.call('HSET', key .. 'seen', ARGV[i], ARGV[i + 1])
  redis.call('ZADD', key .. 'recent', redis.call('HINCRBY', key .. 'state', 'n', 1), ARGV[i])
end
if ARGV[3] ~= '' then redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[2]) end
return 1
"""
)
"""Put the state of a key back. KEYS: the index.

ARGV: the prefix, the name, whether it belongs to the index, the token, the state, the ledgers with their limits (see
`_APPEND`), and counts of requests by digest.
"""

BEAT = _script("""
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {0} end
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('DEL', KEYS[2])
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
local beats = redis.call('HMGET', KEYS[3], 'last', 'since')
local since = beats[2]
if not since or now - beats[1] > tonumber(ARGV[3]) then since = now end
redis.call('HSET', KEYS[3], 'last', now, 'since', since)
if now - since >= tonumber(ARGV[2]) then
  for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])) do
    redis.call('ZREM', KEYS[1], worker)
    redis.call('SADD', KEYS[4], worker)
  end
end
return {1, redis.call('SMEMBERS', KEYS[4])}
""")
"""Renew the lease of a worker, and note what its answers have used so far.

A lease has expired if it was not renewed for a while, in which others were renewed: not if Redis was away. It is then
gone, so that its worker commits nothing any more, and its requests can be ended.

KEYS: the leases, the usage of this worker, when leases were renewed, the workers that are gone. ARGV: the worker, the
seconds after which a lease has expired, the seconds without any renewal after which Redis was away, and tickets with
their usage. Returns 1, and the workers that are gone and still hold something; or 0 if this worker has no lease.
"""

EVICT = _script(
    _DELETE
    + """
local key = ARGV[3] .. ':{' .. ARGV[2] .. '}:'
if (redis.call('HGET', key .. 'state', 't') or '') ~= ARGV[1] then return 0 end
delete(key)
redis.call('ZREM', KEYS[1], ARGV[2])
return 1
"""
)
"""Delete the state of a key unless it has changed. KEYS: the index.

ARGV: the token of the state, the name, the prefix. Returns whether it was deleted.
"""

CLOCK = _script("""
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local at = string.format('%.6f', now)
if ARGV[4] ~= '' or redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'time', ARGV[1], 'rate', ARGV[2], 'at', at)
elseif ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'time', ARGV[1], 'at', at)
end
if ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
local place = redis.call('HMGET', KEYS[1], 'time', 'rate', 'at')
return {place[1], place[2], string.format('%.6f', now - place[3])}
""")
"""Note where the clock is, and return it with the seconds since then. KEYS: the clock.

ARGV: its time, its rate, the channel if it was moved, and what the others are told of that; nothing if it was
advanced, in which all took part, and which leaves the rate as it is. If it was not moved, it is noted only if there is
none.
"""

ALIVE = _script("""
local now = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], now[1] + now[2] / 1000000 - ARGV[1], '+inf')
""")
"""Return the workers that have renewed their lease within so many seconds. KEYS: the leases."""

SHARE = _script("""
local revision = redis.call('HINCRBY', KEYS[1], 'r', 1)
redis.call('HSET', KEYS[1], 't', ARGV[1] .. '@' .. revision)
redis.call('HSET', KEYS[2], ARGV[2], revision .. ' ' .. ARGV[3])
return revision
""")
"""Put a scenario for all workers, which see by the token of the shared state that there is one.

KEYS: the shared state, the scenarios. ARGV: a new token, the name, and the text; it is empty if the scenario is gone.
"""

RECORD = _script("""
local name, known = string.match(redis.call('GET', KEYS[3]) or '', '(%S*) ?(.*)')
if name == ARGV[3] then return known end
local same = redis.call('HGET', KEYS[1], 'origin') == ARGV[4]
redis.call('HINCRBY', KEYS[1], 'numbers', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'ended', ARGV[2])
local numbers, bytes = {}, tonumber(redis.call('HGET', KEYS[1], 'bytes') or 0)
for i = 6, #ARGV, 3 do
  local number = ARGV[i]
  if number == '0' or not same then number = redis.call('HINCRBY', KEYS[1], 'numbers', 1) end
  numbers[#numbers + 1] = number
  local id = redis.call('HINCRBY', KEYS[1], 'ended', 1) .. '-0'
  local data = ARGV[i + 2]
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], id, 'k', ARGV[i + 1], 'd', data, 'n', number, 'b', bytes)
  bytes = bytes + #data
end
redis.call('HSET', KEYS[1], 'bytes', bytes)
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
while first and bytes - first[2][8] > tonumber(ARGV[5]) do
  redis.call('XDEL', KEYS[2], first[1])
  first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
end
known = table.concat(numbers, ' ')
redis.call('SET', KEYS[3], ARGV[3] .. ' ' .. known, 'EX', 3600)
return known
""")
"""Append inferences to the record, and return their numbers. KEYS: the counters, the record, the last call.

ARGV: how many to keep, how many were dropped, a name for this call, by which it is known if it is repeated, the origin
of the record as the worker knows it, how many bytes to keep, and for each inference its number, if it has one and not
0, the name of its key, and itself. Each is stored with the bytes of all before it, which tells how long the record is.
"""

ERASE = _script("""
if ARGV[1] == '' then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'gone', redis.call('HGET', KEYS[1], 'ended') or 0)
else
  for _, each in ipairs(redis.call('XRANGE', KEYS[2], '-', '+')) do
    if each[2][2] == ARGV[1] then redis.call('HINCRBY', KEYS[1], 'gone', redis.call('XDEL', KEYS[2], each[1])) end
  end
end
return redis.call('HINCRBY', KEYS[1], 'erased', 1)
""")
"""Delete the inferences of a name, or all if it is empty. KEYS: the counters, the record."""
