"""The one script that a shared quota is: it runs in the store, at once, by the store's clock."""

# KEYS: log (slots by when they lapse), line (waiters by when they came), due (of each waiter: until when it
#   is believed to wait, and for how many).
# ARGV: waiter, name of this call, cost, most slots wanted, limit, how long a slot counts (us), grace (us),
#   and the names of slots that were not used.
# Gives: slots granted, and microseconds to wait where none.
#
# Who waits has a place in the line and its slots are kept for it, so that processes are served in the order
# in which they came. Who did not come back in time loses the place. A slot's name is the call's and a number:
# a call that is repeated after a broken connection takes the same slots.
ASK = """
local log, line, due = KEYS[1], KEYS[2], KEYS[3]
local me, name = ARGV[1], ARGV[2]
local cost, most, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local hold, grace = tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end

for i = 8, #ARGV do redis.call('ZREM', log, ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', log, '-inf', whole(now))

local ahead = 0
for _, waiter in ipairs(redis.call('ZRANGE', line, 0, -1)) do
  if waiter == me then break end
  local entry = redis.call('HGET', due, waiter)
  local till, slots = string.match(entry or '', '^(%d+):(%d+)$')
  if till and tonumber(till) >= now then
    ahead = ahead + tonumber(slots)
  else
    redis.call('ZREM', line, waiter)
    redis.call('HDEL', due, waiter)
  end
end

local held = redis.call('ZCARD', log)
local free = limit - held - ahead
if free >= cost then
  local granted = math.min(most, free)
  for i = 1, granted do redis.call('ZADD', log, whole(now + hold), name .. ':' .. i) end
  redis.call('PEXPIRE', log, whole(math.ceil(hold / 500) + 1000))  -- others may hold theirs longer
  redis.call('ZREM', line, me)
  redis.call('HDEL', due, me)
  return {granted, 0}
end

local wait = grace
if held > 0 then
  local last = math.min(cost - free, held) - 1
  wait = tonumber(redis.call('ZRANGE', log, last, last, 'WITHSCORES')[2]) - now
end
redis.call('ZADD', line, 'NX', whole(now), me)
redis.call('HSET', due, me, whole(now + wait + grace) .. ':' .. cost)
local keep = whole(math.ceil((wait + grace) / 1000) + 60000)
redis.call('PEXPIRE', line, keep)
redis.call('PEXPIRE', due, keep)
return {0, math.ceil(wait)}
"""
