// A Cloudflare Worker in front of a site. It asks Segue which permutation of a
// page a visitor gets and keeps one copy of each at the edge.
//
// Whatever happens to Segue, the visitor gets a page: without an answer in time
// that of everybody, and the header segue-fallback says why.

/** How long Segue may take, in milliseconds, unless PATIENCE_MS says otherwise. */
const patience = 80;

/** After so many failures in a row Segue is left alone for a while. */
const breaker = { failures: 0, most: 5, until: 0, pause: 10_000 };

export default {
  async fetch(request, env, ctx) {
    ctx.passThroughOnException?.();
    const url = new URL(request.url);
    if (url.pathname.startsWith("/v1/")) return env.SEGUE.fetch(request); // signals and resolve, first-party
    if (request.method !== "GET" || !accepts(request, "text/html")) return env.ORIGIN.fetch(request);

    const choice = await choose(request, env);
    const page = await permutation(url, choice, env, ctx);
    const response = new Response(page.body, page);
    response.headers.set("cache-control", "private, no-store"); // the choice is this visitor's
    if (choice.fallback) response.headers.set("segue-fallback", choice.fallback);
    for (const cookie of choice.cookies) response.headers.append("set-cookie", cookie);
    return response;
  },
};

/** Asks Segue for the visitor's permutation of a page. It never fails. */
async function choose(request, env) {
  if (Date.now() < breaker.until) return everybody("breaker");
  const headers = new Headers(request.headers);
  const url = new URL(request.url);
  headers.set("x-forwarded-uri", url.pathname + url.search);
  headers.set("x-forwarded-host", url.host);
  headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
  try {
    const answer = await env.SEGUE.fetch("http://segue/v1/edge", { headers, signal: AbortSignal.timeout(Number(env.PATIENCE_MS ?? patience)) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    breaker.failures = 0;
    return {
      key: answer.headers.get("x-segue-key") ?? "",
      fallback: answer.headers.get("x-segue-fallback") ?? "",
      cookies: answer.headers.getSetCookie(),
    };
  } catch (error) {
    if (++breaker.failures >= breaker.most) {
      breaker.until = Date.now() + breaker.pause * (0.5 + Math.random());
      breaker.failures = 0;
    }
    return everybody(error.name === "TimeoutError" ? "timeout" : "unreachable");
  }
}

function everybody(fallback) {
  return { key: "", fallback, cookies: [] };
}

/** The page of a permutation, from the edge's cache or else from the origin. */
async function permutation(url, choice, env, ctx) {
  const copy = new URL(url);
  copy.searchParams.set("segue-key", choice.key);
  const cached = await caches.default.match(copy);
  if (cached) return cached;
  // Without the visitor's cookies: the page must be the same for all who get it.
  const page = await env.ORIGIN.fetch(url, { headers: { accept: "text/html", "x-segue-key": choice.key } });
  if (page.ok && keepable(page)) ctx.waitUntil(caches.default.put(copy, page.clone()));
  return page;
}

function keepable(page) {
  return /s-maxage=[1-9]/.test(page.headers.get("cache-control") ?? "") && !page.headers.has("set-cookie");
}

function accepts(request, type) {
  return (request.headers.get("accept") ?? "").includes(type);
}
