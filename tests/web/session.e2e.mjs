// The web client as a musician meets it: real browser, real server, and what is heard is measured.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { after, afterEach, before, test } from 'node:test';
import { DESK, distance, EARS, launch, OUT, PATIENCE_MS, PHONE, Server, songFile, Visitor } from './stage.mjs';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Whether the machine leaves a browser the time that sound takes. */
const idle = () => loadavg()[0] < availableParallelism();

/** Whoever a failed test has left behind would play on beside the next one. */
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

async function visit(options = {}) {
  const visitor = await Visitor.come(browser, server, options);
  await visitor.page.evaluate(EARS);
  return visitor;
}

/** Strength by its fader, as a hand would. */
async function strength(page, value) {
  await page.locator('.strength input').evaluate((input, to) => {
    input.value = String(to);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }, value);
}

test('a first visit comes to sound, and a knob is heard', async () => {
  const visitor = await visit();
  const { page } = visitor;
  const start = page.locator('[data-action=start]:visible, [data-action=bring]:visible');
  await start.waitFor();
  await visitor.shot('desk-dark-first');
  if ((await start.getAttribute('data-action')) === 'bring') {
    // A library without a track invites to bring one, and plays it.
    await start.click();
    await page.setInputFiles('[data-upload]', { name: 'first song.wav', mimeType: 'audio/wav', buffer: songFile(20) });
    await page.click('[data-action=upload-go]');
    await visitor.reaches('ready');
    await page.reload();
    await page.evaluate(EARS);
    await page.waitForSelector('[data-action=start]:visible');
  }
  const began = Date.now();
  await visitor.play();
  console.log(`first sound after ${Date.now() - began} ms`);
  // The same two seconds over and over, so that only the knob can make the difference.
  await page.evaluate(() => window.headroom.player.setBand({ start: 48000, end: 144000 }));
  await strength(page, 0);
  // Until what was made before has gone.
  let track = await visitor.listen(4000);
  let again = await visitor.listen(4000);
  for (const end = Date.now() + PATIENCE_MS; distance(track, again) > 3 && Date.now() < end; ) {
    track = again;
    again = await visitor.listen(4000);
  }
  // Held, the ear brings the source back, as loud as the music: only its colours count.
  const original = async () => {
    await page.evaluate(() => window.headroom.player.original(true));
    await page.waitForTimeout(300);
    const heard = await visitor.listen(4000);
    await page.evaluate(() => window.headroom.player.original(false));
    const mean = heard.reduce((sum, value) => sum + value, 0) / heard.length;
    return heard.map((value) => value - mean);
  };
  const source = await original();
  await strength(page, 1);
  const same = distance(track, again);
  let turned = 0;
  for (const end = Date.now() + PATIENCE_MS; turned <= 2 * same + 1 && Date.now() < end; ) {
    turned = distance(track, await visitor.listen(4000));
  }
  console.log(`strength 0 twice: ${same.toFixed(2)} dB apart; 0 and 1: ${turned.toFixed(2)} dB`);
  assert.ok(turned > 2 * same + 1, 'turning strength up changes what is heard');
  await visitor.shot('desk-dark-band');
  const compared = await original();
  console.log(`the source twice: ${distance(source, compared).toFixed(2)} dB apart`);
  assert.ok(distance(source, compared) < turned * 0.75, 'the source is heard while it is held, whatever was made of it');
  await visitor.leave();
});

test('keys turn and play', async () => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.play();
  const read = () => page.evaluate(() => window.headroom.desk.number('denoise'));
  const first = await read();
  await page.keyboard.down('a');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.up('a');
  assert.ok(Math.abs((await read()) - Math.min(1, first + 0.1)) < 1e-6, 'A and twice ↑ raise strength by two steps');
  await page.keyboard.press('Space');
  await page.waitForFunction(() => !window.headroom.player.playing.get());
  await page.waitForTimeout(300);
  assert.ok((await page.evaluate(() => level())) < 1e-4, 'silence after Space');
  await page.keyboard.press('Space');
  await visitor.sounds();
  await page.keyboard.press('f');
  assert.notEqual(await page.evaluate(() => window.headroom.desk.number('seed')), 0, 'F throws a new seed');
  await visitor.leave();
});

test('a prompt is taken', async () => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.play();
  await page.fill('[data-prompt=A]', 'solo piano, rain');
  await page.click('[data-action=send-prompt]');
  await page.getByText('Playing.', { exact: true }).waitFor({ timeout: PATIENCE_MS });
  await visitor.leave();
});

test('styles go on and off', async (t) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.play();
  const style = page.locator('[data-lora]').first();
  if ((await style.count()) === 0) {
    await visitor.leave();
    return t.skip('this server has no styles');
  }
  const state = () => page.evaluate(() => window.headroom.desk.catalog.get()[0].state);
  const id = await style.getAttribute('data-lora');
  const wait = (wanted) =>
    page.waitForFunction(
      ([name, on]) => window.headroom.desk.catalog.get().find((lora) => lora.id === name)?.state === on,
      [id, wanted],
      { timeout: PATIENCE_MS },
    );
  await style.click();
  await wait('enabled');
  await style.click();
  await wait('registered');
  assert.equal(typeof (await state()), 'string');
  await visitor.leave();
});

test('an upload plays, is split beside the music, and its stems are heard', async () => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.play();
  await page.click('[data-action=tracks]');
  await page.waitForSelector('.crate-entry');
  await visitor.shot('desk-dark-crate');
  await page.setInputFiles('[data-upload]', { name: 'four chords.wav', mimeType: 'audio/wav', buffer: songFile(12) });
  await page.waitForSelector('[data-action=upload-go]');
  await page.waitForTimeout(300);
  await visitor.shot('desk-dark-upload');
  await page.click('[data-action=upload-go]');
  await page.waitForFunction(() => window.headroom.desk.track.get().name.startsWith('four chords'), null, { timeout: PATIENCE_MS });
  await visitor.sounds();
  await visitor.shot('desk-dark-splitting');
  await page.waitForFunction(() => window.headroom.player.wave.stems.size === 2, null, { timeout: PATIENCE_MS });
  assert.equal(await page.evaluate(() => window.headroom.desk.stems.get().state), 'ready');
  // The same seconds over and over, so that only the stem can make the difference.
  await page.evaluate(() => window.headroom.player.setBand({ start: 48000, end: 192000 }));
  await page.evaluate(() => window.headroom.desk.stemLevels.get('instruments').set({ on: false, level: 6 }));
  const loudness = async () => {
    const power = (await visitor.listen(4000)).map((decibels) => 10 ** (decibels / 10));
    return 10 * Math.log10(power.reduce((sum, value) => sum + value, 0));
  };
  const without = await loudness();
  await page.click('[data-stem=instruments]');
  await page.waitForTimeout(300);
  const withStem = await loudness();
  console.log(`instruments on: ${(withStem - without).toFixed(1)} dB louder`);
  assert.ok(withStem > without + 3, 'the stem is heard over the music');
  await visitor.shot('desk-dark-stems');
  await page.locator('#memory').scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 3000);
  await page.waitForTimeout(1500);
  const box = await page.locator('.memory-time').boundingBox();
  const mark = await page.evaluate(() => document.querySelector('.memory-time').clientWidth);
  for (let x = mark - 20; x > 80 && (await page.textContent('.memory-tale')) === ''; x -= 6) await page.mouse.move(box.x + x, box.y + box.height - 40);
  assert.match(await page.textContent('.memory-tale'), /ago: .+\./, 'hovering over the memory map tells a story');
  await visitor.shot('desk-dark-memory');
  await visitor.leave();
});

test('another track comes without a silence, and of three the last', async (t) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.play();
  const names = await page.evaluate(() => window.headroom.tracks(window.headroom.catalog.get()).map(({ name }) => name));
  if (names.length < 2) {
    await visitor.leave();
    return t.skip('this server has one track only');
  }
  const now = await page.evaluate(() => window.headroom.desk.track.get().name);
  const others = names.filter((name) => name !== now);
  const last = others.at(-1);
  await page.evaluate((list) => {
    const { headroom } = window;
    const all = headroom.tracks(headroom.catalog.get());
    for (const name of list) headroom.pick(all.find((track) => track.name === name));
  }, [...others.slice(0, 2), last]);
  await page.waitForFunction(
    (name) => window.headroom.desk.track.get().name === name && !window.headroom.session.swapping.get(),
    last,
    { timeout: PATIENCE_MS },
  );
  await visitor.sounds();
  const stale = await page.evaluate(() => window.headroom.player.health.get().stale);
  const generations = () => page.evaluate(() => window.headroom.player.wave.version);
  const before = await generations();
  await page.waitForTimeout(2000);
  assert.ok((await generations()) > before, 'slices land after the swaps');
  assert.ok(stale < 5, `${stale} slices were dropped as belonging to another buffer`);
  await visitor.leave();
});

test('a recording is what was heard', async () => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.play();
  await page.click('[data-action=record]');
  await page.waitForTimeout(2500);
  await page.click('[data-action=record]');
  await page.waitForSelector('[data-action=save-recording]');
  await visitor.shot('desk-dark-recording');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-action=save-recording]')]);
  const path = `${OUT}/recording.wav`;
  await download.saveAs(path);
  const wav = readFileSync(path);
  assert.equal(wav.toString('latin1', 0, 4), 'RIFF');
  assert.equal(wav.readUInt32LE(24), 48000);
  assert.equal(wav.readUInt32LE(40), wav.length - 44, 'the header tells the length');
  const seconds = (wav.length - 44) / 192000;
  assert.ok(seconds > 2 && seconds < 4, `${seconds} s were recorded in 2.5 s`);
  let peak = 0;
  for (let at = 44; at + 1 < wav.length; at += 2) peak = Math.max(peak, Math.abs(wav.readInt16LE(at)));
  assert.ok(peak > 300, 'the recording is not silent');
  await visitor.leave();
});

test('a second tab takes the session, the first says so and stays away, and can take it back', async () => {
  const first = await visit();
  await first.play();
  const second = await visit();
  await second.play();
  await first.reaches('preempted');
  await first.page.getByText('Another connection took over this session').waitFor();
  await first.page.waitForTimeout(300);
  assert.ok((await first.page.evaluate(() => level())) < 1e-4, 'two tabs do not play over each other');
  await first.shot('desk-dark-preempted');
  await first.page.waitForTimeout(6000);
  assert.equal(await first.phase(), 'preempted');
  assert.equal(await second.phase(), 'ready');
  await first.page.click('[data-action=again]');
  await first.reaches('ready');
  await second.reaches('preempted');
  await first.leave();
  await second.leave();
});

test('a server that is killed and started again is found again, and the music goes on', async (t) => {
  if (!server.ours) return t.skip('needs HEADROOM_SERVER, a command that the test may kill');
  const visitor = await visit();
  visitor.expected = [/WebSocket/, /Failed to load resource/, /ERR_CONNECTION/];
  await visitor.play();
  const track = await visitor.page.evaluate(() => window.headroom.desk.track.get().name);
  await server.kill();
  await visitor.reaches('reconnecting');
  assert.ok((await visitor.page.evaluate(() => level())) > 1e-4, 'what is there plays on meanwhile');
  await visitor.shot('desk-dark-reconnecting');
  await server.run();
  await visitor.reaches('ready');
  await visitor.sounds();
  assert.equal(await visitor.page.evaluate(() => window.headroom.desk.track.get().name), track);
  await visitor.leave();
});

test('a slow line plays on', async () => {
  const visitor = await visit();
  await visitor.play();
  const devtools = await visitor.context.newCDPSession(visitor.page);
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: 250_000,
    uploadThroughput: 60_000,
  });
  await visitor.page.waitForTimeout(8000);
  const { dropouts, damaged } = await visitor.page.evaluate(() => window.headroom.player.health.get());
  assert.equal(damaged, 0, 'no slice is damaged');
  if (idle()) assert.equal(dropouts, 0, 'the sound never stops');
  assert.equal(await visitor.phase(), 'ready');
  await visitor.sounds();
  await visitor.leave();
});

test('a long play has no dropout, leaves the main thread free and the heap flat', async (t) => {
  const seconds = Number(process.env.HEADROOM_PLAY_S ?? 30);
  const visitor = await visit();
  const { page } = visitor;
  await visitor.play();
  const devtools = await visitor.context.newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metrics = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics: list } = await devtools.send('Performance.getMetrics');
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
  };
  await page.waitForTimeout(3000);
  const begin = await metrics();
  await page.waitForTimeout(seconds * 1000);
  const end = await metrics();
  const busy = (end.TaskDuration - begin.TaskDuration) / seconds;
  const grown = (end.JSHeapUsedSize - begin.JSHeapUsedSize) / 2 ** 20;
  const health = await page.evaluate(() => window.headroom.player.health.get());
  console.log(`${seconds} s: ${(busy * 1000).toFixed(0)} ms of main thread a second, heap ${grown.toFixed(1)} MiB, ${JSON.stringify(health)}`);
  if (idle()) assert.equal(health.dropouts, 0, 'underruns of the worklet');
  else t.diagnostic('the machine has more to do than it can: dropouts are not judged');
  assert.equal(health.damaged, 0);
  assert.ok(busy < 0.5, 'the main thread is free most of the time');
  assert.ok(grown < 8, 'the heap does not grow');
  await visitor.leave();
});

test('the microphone gives a track', async () => {
  const visitor = await visit();
  const { page } = visitor;
  await page.waitForSelector('[data-action=start]:visible');
  await page.click('[data-action=tracks]');
  await page.getByText('Record from the microphone').click();
  await page.waitForSelector('[data-action=mic-done]');
  await page.waitForTimeout(3500);
  await page.click('[data-action=mic-done]');
  await page.waitForSelector('[data-action=upload-go]');
  await visitor.leave();
});

test('settings go out as a file and come back', async () => {
  const visitor = await visit();
  const { page } = visitor;
  await page.waitForSelector('[data-action=start]:visible');
  await strength(page, 0.25);
  await page.click('[data-action=settings]');
  await visitor.shot('desk-dark-settings');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-action=export]')]);
  const path = `${OUT}/settings.json`;
  await download.saveAs(path);
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).controls.denoise, 0.25);
  await page.keyboard.press('Escape');
  await strength(page, 1);
  await page.click('[data-action=settings]');
  await page.setInputFiles('[data-import]', path);
  await page.waitForFunction(() => window.headroom.desk.number('denoise') === 0.25);
  await visitor.leave();
});

test('everything that takes the focus has a name', async () => {
  const visitor = await visit();
  await visitor.play();
  await visitor.page.evaluate(() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
  });
  const devtools = await visitor.context.newCDPSession(visitor.page);
  const { nodes } = await devtools.send('Accessibility.getFullAXTree');
  const nameless = nodes.filter(
    (node) =>
      !node.ignored &&
      node.properties?.some(({ name, value }) => name === 'focusable' && value.value) &&
      !['RootWebArea', 'status'].includes(node.role.value) &&
      !node.name?.value,
  );
  assert.deepEqual(nameless.map((node) => node.role.value), []);
  await visitor.leave();
});

for (const [size, viewport] of [
  ['desk', DESK],
  ['phone', PHONE],
]) {
  for (const colorScheme of ['dark', 'light']) {
    test(`looks: ${size}, ${colorScheme}`, async () => {
      const visitor = await visit({ viewport, colorScheme, hasTouch: size === 'phone' });
      const { page } = visitor;
      await page.waitForSelector('[data-action=start]:visible');
      await visitor.shot(`${size}-${colorScheme}-start`);
      await visitor.play();
      await page.waitForTimeout(4000);
      await visitor.shot(`${size}-${colorScheme}-playing`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
      if (size === 'phone') {
        for (const tab of ['knobs', 'source', 'styles', 'memory']) {
          await page.click(`[data-tab=${tab}]`);
          await page.waitForTimeout(500);
          await visitor.shot(`${size}-${colorScheme}-${tab}`);
        }
      } else {
        await page.locator('#memory').scrollIntoViewIfNeeded();
        await page.mouse.wheel(0, 3000);
        await page.waitForTimeout(1200);
        await visitor.shot(`${size}-${colorScheme}-below`);
      }
      await visitor.leave();
    });
  }
}
