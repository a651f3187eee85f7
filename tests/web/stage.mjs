// A browser and a server to play in. The server is where HEADROOM_URL says; or HEADROOM_SERVER is a command line
// that starts one ({port} in it is replaced), which the tests may then kill and start again.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { chromium } from 'playwright-core';

export const OUT = process.env.HEADROOM_OUT ?? new URL('./out/', import.meta.url).pathname;
mkdirSync(OUT, { recursive: true });

/** A model on two slow cores takes its time. */
export const PATIENCE_MS = Number(process.env.HEADROOM_PATIENCE_MS ?? 120_000);

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

export class Server {
  static async start() {
    const server = new Server();
    server.command = process.env.HEADROOM_SERVER;
    server.url = process.env.HEADROOM_URL;
    assert.ok(server.command || server.url, 'set HEADROOM_URL to a running server, or HEADROOM_SERVER to a command that starts one');
    if (server.command) {
      server.port = await freePort();
      server.url = `http://127.0.0.1:${server.port}/`;
      await server.run();
    }
    await server.answers();
    return server;
  }

  /** Whether the tests may end it. */
  get ours() {
    return this.command !== undefined;
  }

  async run() {
    const line = this.command.replaceAll('{port}', String(this.port));
    this.process = spawn('sh', ['-c', `exec ${line}`], { stdio: ['ignore', 'inherit', 'inherit'] });
    await this.answers();
  }

  async kill() {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await gone;
  }

  async answers() {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await fetch(new URL('api/server-info', this.url)).catch(() => null);
      if (answer?.ok) return;
      assert.ok(Date.now() < end, `no server answers at ${this.url}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop() {
    if (this.process) await this.kill();
  }
}

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // As root there is no sandbox; sound without a gesture and a microphone that beeps.
    args: [
      '--no-sandbox',
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
    ],
  });

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** A visitor with a fresh browser, whose console is listened to. */
export class Visitor {
  errors = [];
  /** What a test provokes by itself, for example by killing the server. */
  expected = [];

  static async come(browser, server, options = {}) {
    const visitor = new Visitor();
    visitor.context = await browser.newContext({ viewport: DESK, colorScheme: 'dark', acceptDownloads: true, ...options });
    visitor.page = await visitor.context.newPage();
    visitor.page.on('console', (message) => message.type() === 'error' && visitor.errors.push(message.text()));
    visitor.page.on('pageerror', (error) => visitor.errors.push(error.message));
    await visitor.page.goto(server.url);
    return visitor;
  }

  /** The phase of the session. */
  phase() {
    return this.page.evaluate(() => window.headroom.session.phase.get().kind);
  }

  async reaches(phase, timeout = PATIENCE_MS) {
    await this.page.waitForFunction((wanted) => window.headroom.session.phase.get().kind === wanted, phase, { timeout });
  }

  async play() {
    await this.page.click('[data-action=start]');
    await this.reaches('ready');
    await this.sounds();
  }

  async sounds() {
    await this.page.waitForFunction(() => window.headroom.player.graph && level() > 1e-3, null, { timeout: PATIENCE_MS, polling: 20 });
  }

  async shot(name) {
    await this.page.screenshot({ path: `${OUT}/${name}.png` });
  }

  /** Mean spectrum in dB of what goes to the ears in that time. */
  listen(ms) {
    return this.page.evaluate((time) => spectrum(time), ms);
  }

  async leave() {
    const surprises = this.errors.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
    await this.context.close();
    assert.deepEqual(surprises, [], 'the console has errors');
  }
}

/** What the page needs to be measured; added to every page. */
export const EARS = `
  window.level = () => {
    const samples = new Float32Array(2048);
    window.headroom.player.graph.analyser.getFloatTimeDomainData(samples);
    return Math.hypot(...samples) / Math.sqrt(samples.length);
  };
  window.spectrum = async (ms) => {
    const { analyser } = window.headroom.player.graph;
    const bins = new Float32Array(analyser.frequencyBinCount);
    const power = new Float64Array(64);
    const end = performance.now() + ms;
    let looks = 0;
    while (performance.now() < end) {
      analyser.getFloatFrequencyData(bins);
      for (let i = 0; i < 512; i++) power[i >> 3] += 10 ** (Math.max(-120, bins[i]) / 10);
      looks++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return Array.from(power, (sum) => 10 * Math.log10(sum / looks + 1e-12));
  };
`;

/** Root mean square of the difference of two spectra, in dB. */
export function distance(a, b) {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length);
}

/** A song of a few chords, as a 16-bit WAV file. */
export function songFile(seconds) {
  const frames = seconds * 44100;
  const file = Buffer.alloc(44 + frames * 4);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + frames * 4, 4);
  file.write('WAVEfmt ', 8);
  for (const [at, value, size] of [
    [16, 16, 4],
    [20, 1, 2],
    [22, 2, 2],
    [24, 44100, 4],
    [28, 176400, 4],
    [32, 4, 2],
    [34, 16, 2],
  ]) {
    file.writeUIntLE(value, at, size);
  }
  file.write('data', 36);
  file.writeUInt32LE(frames * 4, 40);
  const chords = [
    [220, 261.6, 329.6],
    [174.6, 220, 261.6],
    [261.6, 329.6, 392],
    [196, 246.9, 293.7],
  ];
  for (let i = 0; i < frames; i++) {
    const t = i / 44100;
    const beat = (t * 2) % 1;
    const chord = chords[Math.floor(t / 2) % 4];
    let value = Math.sin(2 * Math.PI * 55 * t) * Math.exp(-beat * 12) * 0.5;
    for (const tone of chord) value += Math.sin(2 * Math.PI * tone * t) * 0.12 * Math.exp(-beat * 2);
    for (const side of [0, 2]) file.writeInt16LE(Math.round(value * 25000), 44 + i * 4 + side);
  }
  return file;
}
