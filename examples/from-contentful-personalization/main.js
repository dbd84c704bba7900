// A page as it was written for Contentful Personalization: the SDK tells what
// the visitor does, and asks which variants they get; the page takes those from
// Contentful. Nothing here knows of Segue but addresses.js.

import { Ninetailed } from "@ninetailed/experience.js";
import { NinetailedInsightsPlugin } from "@ninetailed/experience.js-plugin-insights";
import { ExperienceMapper } from "@ninetailed/experience.js-utils-contentful";
import { createClient } from "contentful";

import { experienceAPI, insightsAPI } from "./addresses.js";

const settings = document.documentElement.dataset;

const contentful = createClient({
  space: settings.space,
  accessToken: settings.token,
  host: location.host,
  basePath: "/contentful",
  insecure: location.protocol === "http:",
});

const origin = location.origin;
const ninetailed = new Ninetailed(
  { clientId: settings.client, environment: "main" },
  {
    url: origin + experienceAPI,
    plugins: [new NinetailedInsightsPlugin({ url: origin + insightsAPI })],
    componentViewTrackingThreshold: 500,
  },
);

const {
  items: [page],
} = await contentful.getEntries({ content_type: "page", "fields.slug": "home", include: 10 });
document.title = page.fields.title;
for (const entry of page.fields.sections) show(entry, document.querySelector("main"));
await ninetailed.page();

document.querySelector("#add").onclick = () => ninetailed.track("Product Added", { product_id: "crane-kettle" });
document.querySelector("#checkout").onclick = () => ninetailed.track("Checkout Started", { order_id: "KC-1" });

/** Shows a component in the variant that the visitor gets. */
function show(entry, parent) {
  const element = parent.appendChild(document.createElement("section"));
  const experiences = (entry.fields.nt_experiences ?? []).filter(ExperienceMapper.isExperienceEntry).map(ExperienceMapper.mapExperience);
  draw(element, entry);
  if (experiences.length === 0) return;
  const baseline = { ...entry, id: entry.sys.id };
  ninetailed.onSelectVariant({ baseline, experiences }, ({ loading, variant, experience, variantIndex }) => {
    if (loading || !variant) return;
    draw(element, variant);
    if (experience) ninetailed.observeElement({ element, experience, variant, variantIndex, componentType: "Entry" });
  });
}

function draw(element, entry) {
  element.hidden = entry.hidden === true;
  element.dataset.entry = entry.hidden ? "hidden" : (entry.id ?? entry.sys.id);
  element.replaceChildren();
  if (entry.hidden) return;
  const { eyebrow, headline, text } = entry.fields;
  for (const [tag, words] of [["small", eyebrow], ["h2", headline], ["p", text]]) {
    if (words) element.appendChild(document.createElement(tag)).textContent = words;
  }
}
