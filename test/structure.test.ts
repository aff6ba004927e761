/** The house rules that a reader relies on: who imports whom, how long files are, where events may be named. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENTS } from "../src/catalog/events.js";
import { PACKAGE } from "./support/paths.js";

const test = suite("structure");

/** Paths below the package, of files whose name ends so. */
function files(folder: string, ...endings: readonly string[]): string[] {
  return readdirSync(`${PACKAGE}${folder}`, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .filter((file) => endings.some((ending) => file.endsWith(ending)));
}

function text(file: string): string {
  return readFileSync(`${PACKAGE}${file}`, "utf8");
}

/** What a file imports, also lazily and for types alone: paths below the package, or package names. */
function imports(file: string): string[] {
  const statement = /^(?:import|export)\b[^;"]*\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text(file).matchAll(statement)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? "";
    return name.startsWith(".") ? normalize(join(dirname(file), name)).replace(/\.js$/, ".ts") : name;
  });
}

/** `zstd-napi` of `zstd-napi/binding.js`. */
function packageOf(name: string): string {
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

/** Which floors may stand on which. A folder may always import from itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  codec: [],
  catalog: [],
  btf: [],
  format: ["codec"],
  replay: ["format", "btf", "catalog"],
  render: ["replay", "format", "catalog"],
  rewrite: ["replay", "format", "btf", "catalog"],
  record: ["format", "btf", "catalog"],
  cli: ["render", "replay", "rewrite", "record", "format", "btf", "catalog"],
};

test("imports point one way: cli → record | render | rewrite → replay → format → codec", () => {
  const wrong = files("src", ".ts").flatMap((file) => {
    const [, floor = ""] = file.split("/");
    const allowed = MAY_IMPORT[floor];
    return imports(file)
      .filter((name) => name.startsWith("src/"))
      .filter((name) => {
        const [, target = ""] = name.split("/");
        return allowed === undefined || (target !== floor && !allowed.includes(target));
      })
      .map((name) => `${file} imports ${name}`);
  });
  assert.equal(wrong, []);
});

test("each package has one door", () => {
  const doors: Readonly<Record<string, RegExp>> = {
    koffi: /^src\/record\/native[\w-]*\.ts$/,
    "zstd-napi": /^src\/codec\//,
    "@msgpack/msgpack": /^src\/codec\//,
    yargs: /^src\/cli\//,
  };
  const packages = files("src", ".ts").flatMap((file) =>
    imports(file)
      .filter((name) => !name.startsWith("src/") && !name.startsWith("node:"))
      .filter((name) => doors[packageOf(name)]?.test(file) !== true)
      .map((name) => `${file} imports ${name}`),
  );
  assert.equal(packages, []);
  const native = files("src", ".ts").filter((file) => imports(file).includes("koffi"));
  assert.ok(native.length <= 1, `koffi is imported by ${native.join(", ")}`);
});

test("only src/cli/main.ts and src/record touch the process", () => {
  const wrong = files("src", ".ts")
    .filter((file) => file !== "src/cli/main.ts" && !file.startsWith("src/record/"))
    .filter((file) => /\bprocess\s*\.(?!\s*(?:pid|platform|arch)\b)/.test(withoutComments(text(file))));
  assert.equal(wrong, []);
});

test("the half that reads does no I/O but in replay/open.ts, rewrite/output.ts and the command line", () => {
  const wrong = files("src", ".ts")
    .filter((file) => !/^src\/(record|cli)\//.test(file))
    .filter((file) => file !== "src/replay/open.ts" && file !== "src/rewrite/output.ts")
    .filter((file) => imports(file).some((name) => /^node:(fs|net|child_process|http|os)\b/.test(name)));
  assert.equal(wrong, []);
});

test("no file is longer than 400 lines", () => {
  const all = [
    ...files("src", ".ts"),
    ...files("test", ".ts"),
    ...files("bpf", ".c", ".h"),
    ...files("native", ".c", ".h"),
  ];
  const long = all
    .map((file) => ({ file, lines: text(file).split("\n").length - 1 }))
    .filter(({ lines }) => lines > 400);
  assert.equal(long, []);
});

test("each uvu suite is run", () => {
  const wrong = files("test", ".test.ts").flatMap((file) => {
    const source = withoutComments(text(file));
    const suites = [...source.matchAll(/\bconst (\w+) = suite(?:<[^>]*>)?\(/g)].map(([, name = ""]) => name);
    const forgotten = suites.filter((name) => !new RegExp(`^${name}\\.run\\(\\);`, "m").test(source));
    if (suites.length === 0) return [`${file} has no suite`];
    return forgotten.map((name) => `${file}: ${name}.run() is missing`);
  });
  assert.equal(wrong, []);
});

const EVENT_NAMES = EVENTS.map((event) => event.name);

test("TypeScript decides nothing by an event's name: the catalogue is data", () => {
  // The catalogue also has a kind of pointer of this name.
  const names = EVENT_NAMES.filter((name) => name !== "msgctl").join("|");
  const decides = new RegExp(`case\\s+"(?:${names})"|[!=]==?\\s*"(?:${names})"|"(?:${names})"\\s*[!=]==?`);
  const wrong = files("src", ".ts").filter((file) => decides.test(withoutComments(text(file))));
  assert.equal(wrong, []);
});

test("the kernel programs and the native library know no event by name", () => {
  const named = new RegExp(`\\b(?:__NR_|SYS_)?(?:${EVENT_NAMES.join("|")})\\b`);
  const sources = [...files("bpf", ".c", ".h"), ...files("native", ".c", ".h")];
  const wrong = sources
    .filter((file) => !file.startsWith("native/test/"))
    .flatMap((file) => {
      const found = named.exec(withoutComments(text(file)));
      return found === null ? [] : [`${file}: ${found[0]}`];
    });
  assert.equal(wrong, []);
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

test.run();
