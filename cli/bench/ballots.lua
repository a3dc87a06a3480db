-- For wrk with one thread: posts the lines of a file in order, each once.
-- Arguments: the file, and how many of its lines to leave out.

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  lines = io.lines(args[1])
  for _ = 1, tonumber(args[2]) do
    lines()
  end
end

function request()
  local body = lines()
  if body == nil then
    error("there are no ballots left for this burst")
  end
  return wrk.format(nil, nil, nil, body)
end

function done(summary, latency, requests)
  io.write(string.format(
    'result {"requests": %d, "seconds": %.6f, "refused": %d, "failed": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
