// Segue tells here which permutations a publish has changed, and only those are
// rendered anew. See docs/caching.md for what it sends.

import { createHmac, timingSafeEqual } from "node:crypto";

import { revalidateTag } from "next/cache";

import { everybody, tagOf } from "../../../lib/segue";

type Told = { data?: { pages?: { names: string[]; keys: string[] }[] } };

export async function POST(request: Request) {
  const body = await request.text();
  if (!genuine(request.headers, body)) return Response.json({ error: "not signed with SEGUE_PURGE_SECRET" }, { status: 401 });
  const purged: string[] = [];
  for (const { names, keys } of (JSON.parse(body) as Told).data?.pages ?? []) {
    for (const page of names) {
      for (const key of keys) revalidateTag(tagOf(page, key), { expire: 0 });
      // Everybody's page is what there is in need: it stays until there is a newer one.
      revalidateTag(tagOf(page, everybody), "max");
      purged.push(...keys.map((key) => tagOf(page, key)));
    }
  }
  return Response.json({ purged });
}

/** Whether a request is signed as Standard Webhooks have it, within the last five minutes. */
function genuine(headers: Headers, body: string): boolean {
  const secret = process.env.SEGUE_PURGE_SECRET ?? "";
  const id = headers.get("webhook-id");
  const timestamp = headers.get("webhook-timestamp");
  if (!secret || !id || !timestamp || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const right = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return (headers.get("webhook-signature") ?? "").split(" ").some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ""), "base64");
    return given.length === right.length && timingSafeEqual(given, right);
  });
}
