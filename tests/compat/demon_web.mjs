// DEMON's own web client against `headroom serve`, driven in a browser, step by step. Usage:
//   node tests/compat/demon_web.mjs PAGE SERVER [STEP…]
// PAGE is where somebody serves DEMON's web client, its /api and /fixtures passed on to SERVER; SERVER is the running
// server, for example http://127.0.0.1:21318/ of `tests/compat/demon_client --serve 21318 HEADROOM`.
// Needs playwright-core in tests/web and Chromium. What the page does is read off the wire and off what it shows.
// Prints one line per step. Exit status: 0 all well, 1 a step failed, 2 usage.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../web/package.json', import.meta.url))('playwright-core');
const [page_url, server_url, ...only] = process.argv.slice(2);
if (!server_url) {
  console.error('usage: demon_web.mjs PAGE SERVER');
  process.exit(2);
}
const WIRE = server_url.replace(/^http/, 'ws');
const PATIENCE_MS = 60_000;

/** Measures what goes to the ears. Drawing is slowed down: two cores without a GPU have enough to do. */
const EARS = `
  window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 150);
  window.cancelAnimationFrame = clearTimeout;
  document.addEventListener('DOMContentLoaded', () => {
    const style = document.createElement('style');
    style.textContent = 'canvas, video, svg { visibility: hidden } * { animation: none !important; transition: none !important; backdrop-filter: none !important; filter: none !important }';
    document.head.append(style);
  });
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to === this.context.destination && !this.context.ears) {
      this.context.ears = this.context.createAnalyser();
      window.ears = this.context.ears;
      connect.call(this, window.ears);
    }
    return connect.call(this, to, ...more);
  };
  // What goes over the page's sockets, noted inside the page: telling every frame to the outside costs too much.
  window.tap = { frames: [], slices: 0, sockets: 0, knobs: {}, params: {} };
  const note = (way, data) => {
    if (typeof data !== 'string') {
      if (way === 'got' && new Uint8Array(data.slice(0, 1))[0] <= 1 && data.byteLength >= 23) tap.slices++;
      return;
    }
    const frame = { way, ...JSON.parse(data) };
    if (frame.type === 'params') tap.knobs = frame.raw;
    else if (frame.type === 'params_update') tap.params = frame.params;
    else tap.frames.push(frame);
  };
  window.WebSocket = class extends window.WebSocket {
    constructor(...where) {
      super(...where);
      tap.sockets++;
      this.addEventListener('message', ({ data }) => note('got', data));
      this.addEventListener('close', ({ code, reason }) => tap.frames.push({ way: 'got', type: 'close', code, reason }));
    }
    send(data) {
      note('sent', data);
      super.send(data);
    }
  };
  window.level = () => {
    const samples = new Float32Array(2048);
    window.ears?.getFloatTimeDomainData(samples);
    return Math.hypot(...samples) / Math.sqrt(samples.length);
  };
`;

const f32le = (audio) => {
  const file = Buffer.alloc(44 + audio.length * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + audio.length * 2, 4);
  file.write('WAVEfmt ', 8);
  for (const [at, value, size] of [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, 48000, 4], [28, 96000, 4], [32, 2, 2], [34, 16, 2]])
    file.writeUIntLE(value, at, size);
  file.write('data', 36);
  file.writeUInt32LE(audio.length * 2, 40);
  audio.forEach((value, i) => file.writeInt16LE(Math.round(value * 32767), 44 + i * 2));
  return file;
};
const song = (seconds) =>
  f32le(Float32Array.from({ length: seconds * 48000 }, (_, i) => {
    const t = i / 48000;
    return 0.4 * Math.sin(2 * Math.PI * 55 * t) * Math.exp(-12 * ((2 * t) % 1)) + 0.2 * Math.sin(2 * Math.PI * 330 * t);
  }));

/** One visitor with DEMON's page, and everything that goes over its sockets. */
class Visitor {
  frames = [];
  slices = 0;
  sockets = 0;
  errors = [];

  static async come(browser) {
    const visitor = new Visitor();
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    await context.addInitScript(EARS);
    await context.route('**/*', (route) =>
      new URL(route.request().url()).hostname === '127.0.0.1' ? route.continue() : route.abort());
    visitor.browser = browser;
    visitor.page = await context.newPage();
    visitor.page.on('pageerror', (error) => visitor.errors.push(error.message));
    visitor.page.on('console', (message) => message.type() === 'error' && visitor.errors.push(message.text()));
    await visitor.page.goto(`${page_url}?ws=${encodeURIComponent(WIRE)}`);
    return visitor;
  }

  /** What the page noted since. */
  async look() {
    const { frames, ...rest } = await this.page.evaluate((from) => ({ ...tap, frames: tap.frames.slice(from) }), this.frames.length);
    this.frames.push(...frames);
    Object.assign(this, rest);
  }

  /** The next frame of that kind after `from`, of those that came since then too. */
  async frame(way, type, from, where = () => true) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      await this.look();
      const found = this.frames.slice(from).find((frame) => frame.way === way && frame.type === type && where(frame));
      if (found) return found;
      const bad = this.frames.slice(from).find((frame) => frame.way === 'got' && /_failed$|^error$/.test(frame.type));
      assert.ok(!bad, JSON.stringify(bad));
      assert.ok(Date.now() < end, `no ${type} ${way} within ${PATIENCE_MS / 1000} s; page says ${await this.says()}`);
      await this.page.waitForTimeout(50);
    }
  }

  async until(what, test, detail = () => '') {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      await this.look();
      if (await test()) return;
      assert.ok(Date.now() < end, `${what}: not within ${PATIENCE_MS / 1000} s ${detail()}; page says ${await this.says()}`);
      await this.page.waitForTimeout(50);
    }
  }

  says() {
    return this.page.evaluate(() => window.__demonDebug.status());
  }

  async status() {
    return JSON.parse(await this.says()).status;
  }

  /** Fresh slices come and something is heard. */
  async plays() {
    const from = this.slices;
    await this.until('slices', () => this.slices > from + 5);
    await this.until('sound', async () => (await this.page.evaluate(() => window.level())) > 1e-3);
  }

  async chord(key, arrow, times = 1) {
    await this.page.keyboard.down(key);
    for (let i = 0; i < times; i++) await this.page.keyboard.press(arrow);
    await this.page.keyboard.up(key);
  }

  async controls() {
    const open = this.page.locator('[aria-label="Open expanded controls"]');
    if (await open.count()) await open.first().click({ force: true });
    await this.page.waitForSelector('#send-prompt');
  }

  async pick(label, option) {
    await this.page.locator(`[aria-label="${label}"]`).first().click({ force: true });
    await this.page.locator('.ref-control-menu [role=option]', { hasText: option }).first().click({ force: true });
  }
}

const steps = {
  async connect(me) {
    await me.page.waitForSelector('button.start-cta');
    await me.page.waitForTimeout(1000);
    await me.page.locator('button.start-cta').click({ force: true });
    await me.until('ready', async () => (await me.status()) === 'ready');
    const config = me.frames.find((frame) => frame.way === 'sent' && 'vae_window' in frame);
    const ready = me.frames.find((frame) => frame.type === 'ready');
    return `${config.fixture_name}, use_server_fixture ${config.use_server_fixture}; ready: ${ready.duration.toFixed(1)} s, ${ready.checkpoint}, depth ${ready.pipeline_depth} of ${ready.max_pipeline_depth}`;
  },

  async play(me) {
    await me.plays();
    return `slices come (${me.slices}), level ${(await me.page.evaluate(() => window.level())).toFixed(3)}`;
  },

  async knobs(me) {
    await me.chord('a', 'ArrowUp', 8);
    await me.until('denoise on its way', () => me.knobs.denoise > 0.3);
    await me.until('denoise at the server', () => Math.abs(me.params.denoise - me.knobs.denoise) < 0.006, () => `${me.params.denoise}, sent ${me.knobs.denoise}`);
    await me.chord('g', 'ArrowDown', 4);
    await me.until('structure at the server', () => me.params.hint_strength < 0.9);
    await me.chord('h', 'ArrowUp', 1);
    await me.until('shift at the server', () => me.params.shift === 4);
    const before = me.knobs.seed;
    await me.page.keyboard.press('f');
    await me.until('seed at the server', () => me.knobs.seed !== before && me.params.seed === me.knobs.seed);
    await me.page.keyboard.press('t');
    await me.page.keyboard.press('Shift+T');
    await me.plays();
    return `denoise ${me.params.denoise}, structure ${me.params.hint_strength}, shift ${me.params.shift}, seed, wavelet; plays on`;
  },

  async prompt(me) {
    await me.controls();
    await me.page.fill('#prompt-a', 'solo piano, rain');
    await me.page.fill('#prompt-b', 'wild drums');
    const from = me.frames.length;
    await me.page.locator('#send-prompt').click({ force: true });
    const sent = await me.frame('sent', 'prompt', from);
    const applied = await me.frame('got', 'prompt_applied', from);
    assert.equal(applied.tags, sent.tags);
    assert.equal(await me.page.inputValue('#prompt-a'), 'solo piano, rain', 'the box keeps what was typed');
    await me.page.fill('#prompt-blend', '0.5');
    await me.frame('sent', 'set_prompt_blend', from);
    await me.plays();
    return `'${sent.tags}' with B '${sent.tags_b}' applied; blend sent; plays on`;
  },

  async lora(me) {
    const head = me.page.locator('.lora-genre-head').first();
    if ((await head.getAttribute('aria-expanded')) === 'false') await head.click({ force: true });
    const row = me.page.locator('.lora-browse-row').first();
    const said = [];
    const state = (wanted) => (frame) => frame.catalog.find((entry) => entry.id === 'tiny')?.state === wanted;
    for (let turn = 0; turn < 2; turn++) {
      const on = (await row.getAttribute('aria-pressed')) === 'true';
      const from = me.frames.length;
      await row.click({ force: true });
      await me.frame('sent', on ? 'disable_lora' : 'enable_lora', from);
      await me.frame('got', 'lora_catalog', from, state(on ? 'registered' : 'enabled'));
      said.push(on ? 'off' : 'on');
    }
    if (!(await row.getAttribute('aria-pressed')).includes('true')) await row.click({ force: true });
    const before = me.params.lora_str_tiny ?? -1;
    await me.page.locator('h3').first().click({ force: true }).catch(() => {});
    await me.chord('z', 'ArrowUp', 2);
    await me.until('strength at the server', () => Math.abs((me.params.lora_str_tiny ?? -1) - before) > 0.05);
    await me.plays();
    return `${said.join(', ')}; strength ${me.params.lora_str_tiny}`;
  },

  async depth(me) {
    const from = me.frames.length;
    await me.page.locator('label.dcw-row', { hasText: 'depth' }).locator('select').first().selectOption('2', { force: true });
    await me.frame('sent', 'set_depth', from);
    const applied = await me.frame('got', 'depth_applied', from);
    await me.plays();
    return `depth ${applied.value}`;
  },

  async references(me) {
    const said = [];
    for (const part of ['timbre', 'structure']) {
      const label = `${part[0].toUpperCase()}${part.slice(1)} reference`;
      let from = me.frames.length;
      await me.pick(label, 'demo.ogg');
      const set = await me.frame('got', `${part}_set`, from);
      from = me.frames.length;
      await me.page.locator(`[aria-label="${label}"]`).first().click({ force: true });
      await me.page.locator('.ref-control-menu [role=option]').first().click({ force: true });
      await me.frame('got', `${part}_cleared`, from);
      said.push(`${part} ${set.name}`);
    }
    await me.plays();
    return `${said.join(', ')}; cleared`;
  },

  async swap(me) {
    const from = me.frames.length;
    const now = me.frames.findLast((frame) => frame.fixture_name)?.fixture_name;
    const other = now === 'demo.ogg' ? 'chords.wav' : 'demo.ogg';
    await me.pick('Input track', other);
    const sent = await me.frame('sent', 'swap_source', from);
    const ready = await me.frame('got', 'swap_ready', from);
    assert.equal(ready.fixture_name, other);
    await me.plays();
    return `${sent.use_server_source ? 'by name' : 'with samples'}: ${other}, ${ready.duration.toFixed(1)} s, ${ready.key}, ${ready.bpm} bpm`;
  },

  async upload(me) {
    const from = me.frames.length;
    await me.page.locator('input[type=file][accept*=".flac"]').first().setInputFiles({ name: 'six seconds.wav', mimeType: 'audio/wav', buffer: song(6) });
    await me.page.getByRole('button', { name: 'Use this section' }).click({ force: true });
    await me.page.getByRole('button', { name: 'Next →' }).click({ force: true });
    await me.page.getByRole('button', { name: 'Start', exact: true }).click({ force: true });
    await me.frame('sent', 'upload_track', from);
    const done = await me.frame('got', 'upload_ok', from);
    me.track = done.name;
    await me.until('dialog closed', async () => (await me.page.locator('.almost-ready-modal').count()) === 0);
    return `'${done.name}', ${done.duration_s} s, ${done.key}, stems_pending ${done.stems_pending}`;
  },

  async stems(me) {
    const from = me.frames.findLastIndex((frame) => frame.type === 'upload_ok');
    const sent = await me.frame('sent', 'swap_source', from);
    const ready = await me.frame('got', 'swap_ready', from, (frame) => frame.fixture_name === me.track);
    const assets = await me.frame('got', 'stem_assets', from);
    await me.plays();
    await me.page.evaluate(() => document.activeElement?.blur());
    await me.chord('v', 'ArrowUp', 4);
    await me.until('a stem fader', async () => (await me.page.locator('.hero-stem-panner:not(.hero-stem-panner--empty)').count()) > 0);
    return `swap by name as ${sent.stem_source_mode}, ${ready.duration} s; stem_assets '${assets.source_mode}', ${assets.frames} frames; faders shown`;
  },

  async 'source mode'(me) {
    const said = [];
    for (const [label, mode] of [['Vocals', 'vocals'], ['Full', 'full']]) {
      const from = me.frames.length;
      const button = me.page.locator('.source-mode-option', { hasText: label }).first();
      await me.until(`${label} free`, () => button.isEnabled());
      await button.click({ force: true });
      const sent = await me.frame('sent', 'swap_source', from);
      assert.equal(sent.stem_source_mode, mode);
      await me.frame('got', 'swap_ready', from);
      const assets = await me.frame('got', 'stem_assets', from);
      said.push(`${mode} → '${assets.source_mode}'`);
      await me.plays();
      await me.page.waitForTimeout(1500);
      const again = me.frames.slice(from).filter((frame) => frame.way === 'sent' && frame.type === 'swap_source');
      assert.equal(again.length, 1, 'the announcement of stems made the page swap again');
    }
    return said.join(', ');
  },

  async reconnect(me) {
    const before = me.sockets;
    await me.page.evaluate(() => window.__demonDebug.killWs());
    await me.until('a new connection', () => me.sockets > before);
    await me.until('ready', async () => (await me.status()) === 'ready');
    await me.plays();
    await me.page.evaluate(() => window.__demonDebug.simulate1006());
    await me.until('another connection', () => me.sockets > before + 1);
    await me.until('ready', async () => (await me.status()) === 'ready');
    await me.plays();
    return 'after a close and after a 1006 the page connects by itself and plays';
  },

  /** Pages of this revision do not know 4001 and connect again by themselves: one must play in the end, not both. */
  async takeover(me) {
    const other = await Visitor.come(me.browser);
    await other.page.waitForTimeout(1000);
    await other.page.locator('button.start-cta').click({ force: true });
    await me.frame('got', 'close', 0, (frame) => frame.code === 4001);
    const both = async () => [await me.status(), await other.status()];
    await me.page.waitForTimeout(5000);
    await me.until('one page plays, the other gave up', async () => (await both()).sort().join() === 'error,ready');
    const [old] = await both();
    await other.look();
    const lost = [me, other].map(({ frames }) => frames.filter((frame) => frame.code === 4001).length);
    await other.page.context().close();
    return `4001; the pages take the session from each other (${lost.join(' and ')} times) until the ${old === 'ready' ? 'newer' : 'older'} gives up`;
  },

  async 'channel gain'(me) {
    const sockets = me.sockets;
    await me.page.keyboard.down('2');
    await me.page.keyboard.press('ArrowDown');
    await me.page.keyboard.up('2');
    await me.until('gain on its way', () => Math.abs(me.knobs.ch_g2 - 1) > 0.05);
    await me.plays();
    await me.page.waitForTimeout(1500);
    assert.equal(me.sockets, sockets, `the session ended and the page reconnected: ${JSON.stringify(me.frames.findLast((frame) => frame.type === 'error'))}`);
    return `ch_g2 ${me.knobs.ch_g2}`;
  },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--disable-3d-apis'],
});
let failed = 0;
const me = await Visitor.come(browser);
for (const [name, step] of Object.entries(steps)) {
  if (only.length && name !== 'connect' && !only.includes(name)) continue;
  const start = Date.now();
  let verdict = 'ok';
  let said;
  try {
    said = await step(me);
  } catch (problem) {
    verdict = 'failed';
    said = problem.message.split('\n').slice(0, 3).join(' ');
    failed++;
  }
  console.log(`${verdict.padEnd(7)} ${name.padEnd(13)} ${((Date.now() - start) / 1000).toFixed(1).padStart(5)} s  ${said}`);
  if (process.env.SHOTS) await me.page.screenshot({ path: `${process.env.SHOTS}/${name}.png` }).catch(() => {});
}
console.log(`console errors of the page: ${me.errors.length ? [...new Set(me.errors)].join(' | ') : 'none'}`);
await browser.close();
console.log(failed ? `${failed} steps failed` : 'all well');
process.exit(failed ? 1 : 0);
