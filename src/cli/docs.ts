/** `npm run docs`: writes docs/events/ anew from the catalogue. test/render/explain-docs.test.ts checks that it is current. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EVENTS } from "../catalog/events.js";
import { pageOf } from "../catalog/page.js";
import { markdownIndex, markdownPage } from "../render/explain-markdown.js";

const DIRECTORY = fileURLToPath(new URL("../../../docs/events/", import.meta.url));
const pages = EVENTS.map(pageOf);

mkdirSync(DIRECTORY, { recursive: true });
writeFileSync(`${DIRECTORY}README.md`, markdownIndex(pages));
for (const page of pages) writeFileSync(`${DIRECTORY}${page.event}.md`, markdownPage(page));
