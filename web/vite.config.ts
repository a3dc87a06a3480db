/**
 * Builds the three pages into `shared/service/pages/`, from where the services serve them.
 *
 * Every file but the pages and the offline worker has its content's hash in its name, and lies
 * beside compressed copies. Nothing is inlined: the pages' policy allows no inline script or style.
 */

import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import type { Plugin, Rollup } from "vite";
import { defineConfig } from "vitest/config";

const PAGES = ["vote", "board", "check"];
const WORKER = "src/check/worker.js";
const LEAST_BYTES = 512;

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [offlineWorker(), compressed()],
  build: {
    outDir: resolve(import.meta.dirname, "../shared/service/pages"),
    emptyOutDir: true,
    target: "es2021",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: Object.fromEntries(PAGES.map((page) => [page, resolve(import.meta.dirname, `${page}.html`)])),
    },
  },
  test: { include: ["tests/**/*.test.ts"] },
});

/** Writes `check-worker.js`, which knows all files of the receipt check by name. */
function offlineWorker(): Plugin {
  return {
    name: "offline-worker",
    generateBundle(_options, bundle) {
      const files = new Set<string>();
      const entry = Object.values(bundle).find((one) => one.type === "chunk" && one.name === "check");
      if (entry?.type !== "chunk") throw new Error("the receipt check has no entry chunk");
      collect(entry, bundle, files);
      const paths = JSON.stringify([...files].sort().map((file) => `/${file}`));
      const source = readFileSync(resolve(import.meta.dirname, WORKER), "utf8");
      this.emitFile({
        type: "asset",
        fileName: "check-worker.js",
        source: source.replace("[/* FILES */]", paths),
      });
    },
  };
}

function collect(chunk: Rollup.OutputChunk, bundle: Rollup.OutputBundle, files: Set<string>): void {
  if (files.has(chunk.fileName)) return;
  files.add(chunk.fileName);
  for (const file of chunk.viteMetadata?.importedCss ?? []) files.add(file);
  for (const file of chunk.viteMetadata?.importedAssets ?? []) files.add(file);
  for (const name of [...chunk.imports, ...chunk.dynamicImports]) {
    const next = bundle[name];
    if (next?.type === "chunk") collect(next, bundle, files);
  }
}

/** Puts `.gz` and `.br` beside each file that gains by it. */
function compressed(): Plugin {
  let directory = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      directory = config.build.outDir;
    },
    closeBundle() {
      if (!existsSync(directory)) return;
      for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
        if (/\.(html|js|css|svg|json)$/.test(name)) compress(join(directory, name));
      }
    },
  };
}

function compress(file: string): void {
  const data = readFileSync(file);
  if (data.length < LEAST_BYTES) return;
  writeFileSync(`${file}.gz`, gzipSync(data, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: data.length };
  writeFileSync(`${file}.br`, brotliCompressSync(data, { params }));
}
