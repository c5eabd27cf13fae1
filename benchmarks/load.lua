-- Sends the requests of a plan (a Lua table in a file, the only argument), one after the other,
-- and prints what wrk saw as JSON. The ten "#" in a request become a number that comes once.

local plan, free, tags, sent = nil, {}, {}, 0

local function counted(text)
   return text and text:gsub("##########", string.format("%010d", plan.first + sent))
end

function init(args)
   plan = dofile(args[1])
   for index = 1, #plan.requests do free[index] = index end
   if plan.tagged then response = take_tag end
end

function request()
   sent = sent + 1
   local index = plan.tagged and table.remove(free, 1) or (sent - 1) % #plan.requests + 1
   local one = plan.requests[index]
   if not plan.counted and not plan.tagged then
      one.text = one.text or wrk.format(one.method, one.path, one.headers, one.body)
      return one.text
   end
   local headers = {}
   for name, value in pairs(one.headers) do headers[name] = counted(value) end
   if plan.tagged then headers["If-Match"] = tags[one.path] or "*" end
   return wrk.format(one.method, one.path, headers, counted(one.body))
end

-- Only then is the object free again: no two connections change it at the same time.
function take_tag(status, headers, body)
   local number = tonumber(body:match('"user_num": ?"(%d+)"'))
   if number then
      tags[plan.requests[number].path] = headers["ETag"]
      table.insert(free, number)
   end
end

function done(summary, latency, requests)
   local failed = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, failed.status,
      failed.connect + failed.read + failed.write + failed.timeout))
end
