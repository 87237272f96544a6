// ingress/balancer.cc — see balancer.h.
#include "ingress/balancer.h"

namespace nodal::ingress {

const char* const kBalancerLua = R"lua(
local balancer = require "ngx.balancer"
local key = ngx.var.nodal_backend
local text = ngx.shared.nodal_endpoints:get(key)
if not text or text == "" then return ngx.exit(503) end
-- Parsed once for each worker and each change.
nodal_lists = nodal_lists or {}
local list = nodal_lists[key]
if not list or list.text ~= text then
  list = { text = text, next = math.random(1000000) }
  for host, port in text:gmatch("%[?([^%]\n]-)%]?:(%d+)\n") do
    list[#list + 1] = { host, tonumber(port) }
  end
  nodal_lists[key] = list
end
if #list == 0 then return ngx.exit(503) end
if not ngx.ctx.nodal_tried then
  ngx.ctx.nodal_tried = true
  balancer.set_more_tries(2)
end
list.next = list.next + 1
local peer = list[list.next % #list + 1]
local ok, err = balancer.set_current_peer(peer[1], peer[2])
if not ok then
  ngx.log(ngx.ERR, "endpoint ", peer[1], ":", peer[2], ": ", err)
  return ngx.exit(502)
end
)lua";

const char* const kControlLua = R"lua(
if ngx.req.get_method() ~= "POST" then return ngx.exit(405) end
local key = ngx.req.get_uri_args().backend
if type(key) ~= "string" then return ngx.exit(400) end
ngx.req.read_body()
local ok, err = ngx.shared.nodal_endpoints:set(key, ngx.req.get_body_data() or "")
if not ok then
  ngx.status = 507
  ngx.say(err)
  return
end
ngx.say("ok")
)lua";

}  // namespace nodal::ingress
