import { defineConfig } from 'vite';

// A server on this machine, for `npm run dev`.
const server = process.env.HEADROOM_URL ?? 'http://127.0.0.1:1318';

export default defineConfig({
  base: './',
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 400 },
  worker: { format: 'es' },
  server: {
    port: 6660,
    proxy: Object.fromEntries(
      ['/api', '/v1', '/fixtures', '/user_uploads', '/ws'].map((path) => [
        path,
        { target: server, ws: true },
      ]),
    ),
  },
});
