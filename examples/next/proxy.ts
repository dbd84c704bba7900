// Runs before every page: it chooses the visitor's permutation and rewrites the
// request to that permutation's own path, which Next.js renders once and keeps.

import { NextResponse, type NextRequest } from "next/server";

import { choose, pageAt } from "./lib/segue";

export const config = { matcher: ["/((?!_next/|api/|.*\\..*).*)"] };

export async function proxy(request: NextRequest) {
  const url = request.nextUrl.clone();
  const choice = await choose(pageAt(url.pathname), url.pathname + url.search, request.headers);
  url.pathname = `/${choice.key}${url.pathname}`;
  const response = NextResponse.rewrite(url);
  for (const cookie of choice.cookies) response.headers.append("set-cookie", cookie);
  response.headers.set("segue-key", choice.key);
  if (choice.fallback) response.headers.set("segue-fallback", choice.fallback);
  return response;
}
