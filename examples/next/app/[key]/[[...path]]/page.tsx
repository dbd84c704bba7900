import type { Metadata } from "next";
import { notFound } from "next/navigation";

import { Section } from "../../../components/section";
import { everybody, pageAt, pageOf } from "../../../lib/segue";

// Permutations are rendered when they are first asked for, and then kept.
// Everybody's pages are rendered when the site is built, so that they are there
// whatever happens to Segue later.
export const dynamic = "force-static";
export const revalidate = 300;
export function generateStaticParams() {
  return [{ key: everybody, path: [] }, { key: everybody, path: ["grinders"] }, { key: everybody, path: ["grinders", "hollow-hand-grinder"] }];
}

type Props = { params: Promise<{ key: string; path?: string[] }> };

async function load({ params }: Props) {
  const { key, path } = await params;
  return (await pageOf(pageAt((path ?? []).map(decodeURIComponent).join("/")), decodeURIComponent(key))) ?? notFound();
}

export async function generateMetadata(props: Props): Promise<Metadata> {
  const page = await load(props);
  return { title: page.fields.title, description: page.fields.description };
}

export default async function Page(props: Props) {
  const page = await load(props);
  return (
    <main>
      {page.fields.sections.map((section: any) => section?.fields && <Section key={section.sys.id} entry={section} />)}
    </main>
  );
}
