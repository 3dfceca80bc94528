/**
 * The IANA registry of HTTP field names, as far as it is about responses or both ways, read in November 2026, by what
 * was decided for each. Fields of requests alone are not listed: the gateway's allow-list decides about those.
 */

/** They say nothing of the origin's address, host or connection. Should one name the host, the general rule applies. */
export const NEUTRAL: readonly string[] = [
  ...["Accept-Additions", "Accept-Patch", "Accept-Post", "Accept-Query", "Accept-Ranges", "Access-Control"],
  ...["Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods"],
  ...["Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Access-Control-Max-Age"],
  ...["Activate-Storage-Access", "Age", "Allow", "AMP-Cache-Transform", "Authentication-Control"],
  ...["Authentication-Info", "C-Ext", "C-Man", "C-Opt", "C-PEP", "C-PEP-Info", "Cache-Group-Invalidation"],
  ...["Cache-Groups", "Cal-Managed-ID", "CalDAV-Timezones", "CMSD-Dynamic", "CMSD-Static"],
  ...["Configuration-Context", "Content-Digest", "Content-Disposition", "Content-Encoding", "Content-ID"],
  ...["Content-Language", "Content-MD5", "Content-Range", "Content-Script-Type", "Content-Security-Policy"],
  ...["Content-Security-Policy-Report-Only", "Content-Style-Type", "Content-Type", "Content-Version"],
  ...["Cross-Origin-Embedder-Policy", "Cross-Origin-Embedder-Policy-Report-Only"],
  ...["Cross-Origin-Opener-Policy", "Cross-Origin-Opener-Policy-Report-Only", "Cross-Origin-Resource-Policy"],
  ...["CTA-Common-Access-Token", "DASL", "Date", "DAV", "Default-Style", "Delta-Base", "Deprecation"],
  ...["Derived-From", "Detached-JWS", "Differential-ID", "Dictionary-ID", "Digest", "DPoP-Nonce"],
  ...[
    "EDIINT-Features",
    "Expires",
    "Ext",
    "GetProfile",
    "Hobareg",
    "IM",
    "Include-Referred-Token-Binding-ID",
  ],
  ...["Incremental", "Isolation", "Last-Modified", "Lock-Token", "Man", "Memento-Datetime", "Meter"],
  ...["Method-Check", "Method-Check-Expires", "MIME-Version", "OData-Isolation", "OData-MaxVersion"],
  ...["OData-Version", "Opt", "Optional-WWW-Authenticate", "Ordering-Type", "OSCORE", "OSLC-Core-Version"],
  ...["P3P", "PEP", "PEP-Info", "Permissions-Policy", "PICS-Label", "Position", "Pragma"],
  ...["Preference-Applied", "Priority", "ProfileObject", "Protocol", "Protocol-Info", "Protocol-Query"],
  ...["Public", "Referrer-Policy", "Repeatability-Result", "Replay-Nonce", "Reporting-Endpoints"],
  ...["Repr-Digest", "Retry-After", "Safe", "Schedule-Tag", "Security-Scheme", "Server", "Server-Timing"],
  ...["Set-Cookie2", "Set-Txn", "SetProfile", "Signature", "Signature-Input", "Status-URI", "Sunset", "TCN"],
  ...["Timing-Allow-Origin", "Topic", "Traceparent", "Tracestate", "TTL", "Use-As-Dictionary"],
  ...["Variant-Vary", "Vary", "Want-Content-Digest", "Want-Digest", "Want-Repr-Digest", "WWW-Authenticate"],
  ...["X-Content-Type-Options", "X-Frame-Options"],
];

/** They do; response-header-policy.ts says for each what becomes of it and why. */
export const DECIDED: readonly string[] = [
  ...["Accept-CH", "Alternates", "ALPN", "Alt-Svc", "Alt-Used", "Cache-Status", "Capsule-Protocol"],
  ...["CDN-Cache-Control", "Clear-Site-Data", "Close", "Connection", "Content-Base", "Content-Location"],
  ...["ETag", "Expect-CT", "Forwarded", "Host", "HTTP2-Settings", "Keep-Alive", "Link", "Link-Template"],
  ...["Location", "NEL", "OData-EntityId", "Origin-Agent-Cluster", "Proxy-Authenticate"],
  ...["Proxy-Authentication-Info", "Proxy-Authorization", "Proxy-Features", "Proxy-Instruction"],
  ...["Proxy-Status", "Public-Key-Pins", "Public-Key-Pins-Report-Only", "Redirect-Ref", "Refresh"],
  ...["Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version"],
  ...["Set-Cookie", "Strict-Transport-Security", "Surrogate-Control", "TE", "Trailer"],
  ...["Transfer-Encoding", "Upgrade", "URI", "Via", "Warning"],
];

/** In use, not registered, and decided in the same table. */
export const UNREGISTERED: readonly string[] = [
  ...["Accept-CH-Lifetime", "Critical-CH", "Cloudflare-CDN-Cache-Control", "Proxy-Connection", "Report-To"],
  ...["SourceMap", "X-SourceMap"],
  ...["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy"],
];

/** The gateway's own in any case, or of the platform's framing. */
export const ALWAYS_SET: readonly string[] = ["Cache-Control", "Content-Length"];
