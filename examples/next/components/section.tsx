import type { ReactNode } from "react";

import type { Entry } from "../lib/segue";

/** One component of a page. What it shows for a segment is in the CMS, not here. */
export function Section({ entry }: { entry: Entry }) {
  const type = entry.sys.contentType?.sys.id ?? "";
  const render = sections[type];
  return (
    <section className={type} data-entry={entry.sys.id}>
      {render ? render(entry.fields) : null}
    </section>
  );
}

const sections: Record<string, (fields: Record<string, any>) => ReactNode> = {
  promoStrip: (f) => (
    <p>
      {f.text} <Link entry={f.link} />
    </p>
  ),
  hero: (f) => (
    <>
      <div>
        <small>{f.eyebrow}</small>
        <h1>{f.headline}</h1>
        <p>{f.text}</p>
        <Link entry={f.cta} className="button" />
      </div>
      <Picture asset={f.image} />
    </>
  ),
  productGrid: (f) => (
    <>
      <h2>{f.headline}</h2>
      <p>{f.intro}</p>
      <ul>
        {f.products.map((product: Entry) => (
          <li key={product.sys.id}>
            <Picture asset={product.fields.image} />
            <h3>{product.fields.name}</h3>
            <p>{product.fields.summary}</p>
            <b>${product.fields.price}</b>
          </li>
        ))}
      </ul>
    </>
  ),
  guideTeaser: (f) => (
    <>
      <h2>{f.headline}</h2>
      <p>{plain(f.body)}</p>
      <Link entry={f.cta} />
    </>
  ),
  reviewList: (f) => (
    <>
      <h2>{f.headline}</h2>
      <ul>
        {f.reviews.map((review: Entry) => (
          <li key={review.sys.id}>
            <blockquote>{review.fields.quote}</blockquote>
            <small>{review.fields.author}</small>
          </li>
        ))}
      </ul>
    </>
  ),
  reassurance: (f) => (
    <>
      <h2>{f.headline}</h2>
      <ul>
        {f.points.map((point: string) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
    </>
  ),
  newsletter: (f) => (
    <>
      <h2>{f.headline}</h2>
      <p>{f.text}</p>
      <button type="button">{f.button}</button>
    </>
  ),
  productDetail: (f) => (
    <>
      <Picture asset={f.product?.fields.image} />
      <div>
        <h1>{f.product?.fields.name}</h1>
        <p>{f.product?.fields.summary}</p>
        <button type="button">{f.button}</button>
      </div>
    </>
  ),
  footer: (f) => (
    <>
      <p>{f.text}</p>
      {f.links?.map((link: Entry) => <Link key={link.sys.id} entry={link} />)}
    </>
  ),
};

function Link({ entry, className }: { entry?: Entry; className?: string }) {
  if (!entry?.fields) return null;
  return (
    <a href={entry.fields.url} className={className}>
      {entry.fields.label}
    </a>
  );
}

/** The shop's pictures are drawn: the example asks no other server for anything. */
function Picture({ asset }: { asset?: Entry }) {
  if (!asset?.fields) return null;
  return <div className="picture" role="img" aria-label={asset.fields.title} />;
}

/** The text of a rich text document. */
function plain(node: any): string {
  return node?.value ?? (node?.content ?? []).map(plain).join("");
}
