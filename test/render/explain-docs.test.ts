/** docs/events/ is what the catalogue says now. */
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENTS } from "../../src/catalog/events.js";
import { pageOf } from "../../src/catalog/page.js";
import { markdownIndex, markdownPage } from "../../src/render/explain-markdown.js";
import { PACKAGE } from "../support/paths.js";

const test = suite("docs/events");

const DIRECTORY = `${PACKAGE}docs/events/`;
const STALE = "docs/events is not what src/catalog says: npm run docs";

test("has a page for each event, the index, and nothing else", () => {
  const wanted = ["README.md", ...EVENTS.map(({ name }) => `${name}.md`)];
  assert.equal(readdirSync(DIRECTORY).sort(), wanted.sort(), STALE);
});

test("is current", () => {
  const pages = EVENTS.map(pageOf);
  assert.is(readFileSync(`${DIRECTORY}README.md`, "utf8"), markdownIndex(pages), STALE);
  for (const page of pages) {
    assert.is(readFileSync(`${DIRECTORY}${page.event}.md`, "utf8"), markdownPage(page), STALE);
  }
});

test("links lead to pages", () => {
  const names = new Set(EVENTS.map(({ name }) => `${name}.md`));
  for (const page of EVENTS.map(pageOf)) {
    const links = [...markdownPage(page).matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
    assert.ok(links.length > 0, page.event);
    assert.equal(
      links.filter((target) => !names.has(target)),
      [],
      page.event,
    );
  }
});

test("tables have as many cells in each row", () => {
  for (const page of EVENTS.map(pageOf)) {
    for (const table of markdownPage(page).match(/(?:^\|.*\n)+/gm) ?? []) {
      const cells = table
        .trim()
        .split("\n")
        .map((row) => row.replaceAll("\\|", "").split("|").length);
      assert.is(new Set(cells).size, 1, table);
    }
  }
});

test.run();
