// What this site asks of Segue: which permutation a visitor gets, and the page
// of a permutation. Nothing else in the example knows of it.

const segue = process.env.SEGUE_URL ?? "http://127.0.0.1:8080";

/** How long the decision may take, in milliseconds, before everybody's page is shown. */
const patience = Number(process.env.SEGUE_TIMEOUT_MS ?? 50);

/** The key of no permutation: Segue answers it with the page as it is for everybody. */
export const everybody = "everybody";

export type Choice = { key: string; cookies: string[]; fallback: string };

/** What Segue should know of the visitor's request. */
const passedOn = ["cookie", "user-agent", "referer", "accept-language", "sec-purpose", "sec-gpc"];

/** Chooses a permutation of a page for who sent a request. It never fails: without an answer in time it is everybody's. */
export async function choose(page: string, url: string, from: Headers): Promise<Choice> {
  const headers = new Headers({ "x-forwarded-uri": url });
  for (const name of passedOn) {
    const value = from.get(name);
    if (value) headers.set(name, value);
  }
  try {
    const answer = await fetch(`${segue}/v1/edge?page=${encodeURIComponent(page)}`, {
      headers,
      cache: "no-store",
      signal: AbortSignal.timeout(patience),
    });
    if (!answer.ok) return { key: everybody, cookies: [], fallback: `status ${answer.status}` };
    return {
      key: answer.headers.get("x-segue-key") || everybody,
      cookies: answer.headers.getSetCookie(),
      fallback: answer.headers.get("x-segue-fallback") || "",
    };
  } catch (error) {
    return { key: everybody, cookies: [], fallback: error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable" };
  }
}

export type Entry = { sys: { id: string; contentType?: { sys: { id: string } } }; fields: Record<string, any> };

/** Returns the page of a permutation, the same for everybody who gets it; undefined if there is no such page. */
export async function pageOf(page: string, key: string): Promise<Entry | undefined> {
  const answer = await fetch(`${segue}/v1/pages/${encodeURIComponent(page)}/${encodeURIComponent(key)}`, {
    next: { revalidate: 300, tags: [tagOf(page, key)] },
  });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`Segue answered ${answer.status} for ${page}: ${await answer.text()}`);
  return answer.json();
}

/** The page that is shown at a path of the site. */
export function pageAt(path: string): string {
  return "page:" + (path.replace(/^\/+|\/+$/g, "") || "home");
}

/** Names what Next.js keeps of a permutation, so that it can be dropped. */
export function tagOf(page: string, key: string): string {
  return `${page}/${key}`;
}
