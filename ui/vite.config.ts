import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** Real engines, servers and browsers: slow to start, and never many at once. */
const patient = { testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false };

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // The policy of the page allows nothing that is not a file of its own.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // The tests run what browsers run.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"] } },
      { extends: true, test: { name: "pages", include: ["tests/**/*.test.ts"], ...patient } },
      { extends: true, test: { name: "screenshots", include: ["tests/screenshots.ts"], ...patient } },
    ],
  },
}));
