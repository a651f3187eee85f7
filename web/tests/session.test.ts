import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS } from '../src/wire/reconnect';
import { CLOSE_PREEMPTED } from '../src/wire.gen';
import { json } from './golden';
import { messages, World } from './world';

const seed = json('seed_frames.json');

describe('connecting', () => {
  test('asks the server to load what it has and sends what it has not', async () => {
    const world = new World();
    await world.live();
    expect(world.wire.config.use_server_fixture).toBe(true);
    expect(world.wire.source).toBeNull();
    world.serverHas = false;
    void world.session.connect();
    await world.pass(0);
    expect(world.wire.config.use_server_fixture).toBe(false);
    expect(world.wire.source?.samples.length).toBe(19200);
    expect(world.wires[0]!.over).toBe(true);
  });

  test('adopts what the server found', async () => {
    const world = new World();
    await world.live();
    expect(world.session.phase.get()).toEqual({ kind: 'ready' });
    expect(world.desk.facts.get()).toEqual({ bpm: 120, key: 'A minor', timeSignature: '4', seconds: 2 });
    expect(world.desk.catalog.get().map(({ id }) => id)).toEqual(['alpha', 'beta']);
    expect(world.loads).toEqual([{ epoch: 0, position: false, band: null }]);
  });

  test('that fails tells the server’s own words, and stays', async () => {
    const world = new World();
    void world.session.connect();
    await world.pass(0);
    const [refusal] = json('init_errors.json')[1].frames;
    world.wire.say(refusal);
    world.wire.drop(1011, 'TRT engine not built');
    expect(world.session.phase.get()).toMatchObject({ kind: 'failed', text: refusal.message });
    await world.pass(60_000);
    expect(world.wires.length).toBe(1);
  });

  test.each([1005, 1006, 1009, 1011])(
    'that ends with %i before it was ready says what to do',
    async (code) => {
      const world = new World();
      void world.session.connect();
      await world.pass(0);
      world.wire.drop(code);
      const phase = world.session.phase.get();
      expect(phase.kind).toBe('failed');
      expect('text' in phase && phase.text).toMatch(/try again/i);
    },
  );
});

describe('coming back', () => {
  test('tries at growing distances, long enough for a server to start anew, then says so', async () => {
    const world = new World();
    await world.live();
    world.wire.drop(1006);
    const at: number[] = [];
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      expect(world.session.phase.get()).toMatchObject({ kind: 'reconnecting', attempt });
      const before = world.now;
      const wires = world.wires.length;
      while (world.wires.length === wires) await world.pass(25);
      at.push(world.now - before);
      world.wire.drop(1006);
    }
    expect(at.slice(0, 5)).toEqual([375, 750, 1500, 3000, 3000]);
    expect(world.now).toBeGreaterThan(120_000);
    expect(world.session.phase.get().kind).toBe('failed');
    await world.pass(600_000);
    expect(world.wires.length).toBe(MAX_ATTEMPTS + 1);
  });

  // W38
  test('goes on with the track, the place and the loop that played', async () => {
    const world = new World();
    const wire = await world.live();
    world.session.swap({ name: 'other.wav', kind: 'upload', mode: 'instruments' }, true);
    wire.say(messages.swap_ready, new Uint8Array(230400));
    world.table.band.set({ start: 4800, end: 48000 });
    wire.drop(1006);
    await world.pass(1000);
    expect(world.wire.config).toMatchObject({ fixture_name: 'other.wav', stem_source_mode: 'instruments' });
    world.wire.ready2s();
    expect(world.loads.at(-1)).toEqual({ epoch: 2, position: true, band: { start: 4800, end: 48000 } });
    expect(world.wire.of('loop_band')).toEqual([{ type: 'loop_band', start_sec: 0.1, end_sec: 1 }]);
  });

  test('brings references, blend and timbre strength along', async () => {
    const world = new World();
    await world.live();
    const clip = { channels: 2, samples: new Float32Array(19200) };
    world.session.commands.setReference('timbre', 'clip.wav', clip);
    world.desk.blend.set(0.4);
    world.desk.timbreStrength.set(0.3);
    world.wire.drop(1001);
    await world.pass(1000);
    world.wire.ready2s();
    expect(world.wire.of('set_prompt_blend').map(({ value }) => value)).toEqual([0.4]);
    expect(world.wire.of('set_timbre_strength').map(({ value }) => value)).toEqual([0.3]);
    expect(world.wire.sent.find(({ message }) => message.type === 'set_timbre_source')?.audio).toBe(clip);
  });

  test('offers the token of the session it had', async () => {
    const world = new World();
    void world.session.connect();
    await world.pass(0);
    expect(world.wire.config.resume).toBeUndefined();
    world.wire.say({ ...messages.ready, resume_token: 'again' }, new Uint8Array(384000));
    world.wire.drop(1006);
    await world.pass(1000);
    expect(world.wire.config.resume).toBe('again');
    expect(world.wire.config.take_over).toBe(false);
  });

  test('to a session that was kept brings it up to date', async () => {
    const world = new World();
    await world.live();
    world.desk.promptA.set('dub');
    world.wire.drop(1006);
    world.session.swap({ name: 'next.wav', kind: 'upload', mode: 'full' }, true);
    await world.pass(1000);
    const resumed = { fixture_name: 'song.wav', prompt: 'dub', stem_source_mode: null };
    world.wire.say({ ...messages.ready, resumed }, new Uint8Array(384000));
    expect(world.wire.of('swap_source')[0]?.fixture_name).toBe('next.wav');
    world.wire.say(messages.swap_ready, new Uint8Array(384000));
    world.wire.drop(1006);
    await world.pass(1000);
    world.wire.say(
      { ...messages.ready, resumed: { ...resumed, fixture_name: 'next.wav', prompt: 'old' } },
      new Uint8Array(384000),
    );
    expect(world.wire.of('swap_source')).toEqual([]);
    expect(world.wire.of('prompt')[0]?.tags).toBe('dub');
  });

  test('never happens after a newer session took over', async () => {
    const world = new World();
    const wire = await world.live();
    expect(seed.preemption.close_code).toBe(CLOSE_PREEMPTED);
    wire.drop(seed.preemption.close_code, seed.preemption.close_reason);
    expect(world.session.phase.get()).toMatchObject({ kind: 'preempted' });
    await world.pass(60_000);
    expect(world.wires.length).toBe(1);
    void world.session.connect();
    await world.pass(0);
    expect(world.wires.length).toBe(2);
    expect(world.wire.config.take_over).toBe(true);
  });

  test('happens when the stream is not understood', async () => {
    const world = new World();
    const wire = await world.live();
    wire.say(messages.swap_ready);
    wire.say(messages.lora_catalog);
    expect(world.notices.at(-1)?.kind).toBe('warning');
  });
});

describe('swaps', () => {
  const track = (name: string) => ({ name, kind: 'upload' as const, mode: 'full' as const });

  // W41
  test('go one at a time, and of those that wait the latest counts', async () => {
    const world = new World();
    const wire = await world.live();
    for (const name of ['one.wav', 'two.wav', 'three.wav']) world.session.swap(track(name), true);
    expect(wire.of('swap_source').map(({ fixture_name }) => fixture_name)).toEqual(['one.wav']);
    wire.say(messages.swap_ready, new Uint8Array(230400));
    expect(wire.of('swap_source').map(({ fixture_name }) => fixture_name)).toEqual(['one.wav', 'three.wav']);
    wire.say(messages.swap_ready, new Uint8Array(230400));
    expect(world.desk.track.get()?.name).toBe('three.wav');
    expect(world.loads.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
  });

  test('count epochs by messages alone, so no later slice is lost', async () => {
    const world = new World();
    const wire = await world.live();
    const slice = () => wire.binary(new Uint8Array(23));
    slice();
    world.session.swap(track('one.wav'), true);
    world.session.swap(track('two.wav'), true);
    slice();
    wire.say(messages.swap_ready, new Uint8Array(230400));
    slice();
    wire.say(messages.swap_ready, new Uint8Array(230400));
    slice();
    expect(world.slices).toEqual([0, 0, 1, 2]);
    expect(world.loads.at(-1)?.epoch).toBe(world.slices.at(-1));
  });

  test('that fail leave the old track, and the next one is tried', async () => {
    const world = new World();
    const wire = await world.live();
    world.session.swap(track('gone.wav'), true);
    world.session.swap(track('here.wav'), true);
    wire.say(messages.swap_failed);
    expect(world.desk.track.get()?.name).toBe('song.wav');
    expect(world.notices.some(({ kind }) => kind === 'error')).toBe(true);
    expect(wire.of('swap_source').at(-1)?.fixture_name).toBe('here.wav');
  });

  test('of the mode keep the place', async () => {
    const world = new World();
    const wire = await world.live();
    world.session.setMode('vocals');
    expect(wire.of('swap_source')[0]).toMatchObject({ stem_source_mode: 'vocals', use_server_source: true });
    wire.say(messages.swap_ready, new Uint8Array(384000));
    expect(world.loads.at(-1)?.position).toBe(true);
    expect(world.desk.stems.get().state).toBe('processing');
  });
});

describe('stems', () => {
  test('that come late change neither mode nor track', async () => {
    const world = new World();
    const wire = await world.live();
    world.session.pendingStems.add('song.wav');
    const push = { ...seed.late_stem_push[0], frames: 4800 };
    wire.say(push, new Uint8Array(19200), new Uint8Array(19200));
    expect(world.stems).toEqual([{ epoch: 0, names: ['vocals', 'instruments'] }]);
    expect(world.desk.stems.get().state).toBe('ready');
    expect(world.desk.track.get()?.mode).toBe('full');
    expect(wire.of('swap_source')).toEqual([]);
    expect(world.session.pendingStems.size).toBe(0);
  });

  test('of another track are told, not played', async () => {
    const world = new World();
    const wire = await world.live();
    const push = { ...seed.late_stem_push[0], fixture_name: 'else.wav', frames: 4800 };
    wire.say(push, new Uint8Array(19200), new Uint8Array(19200));
    expect(world.stems).toEqual([]);
    expect(world.notices.at(-1)?.text).toContain('else');
  });

  // S59
  test('that are pending show as processing until they fail or come', async () => {
    const world = new World();
    const wire = await world.live();
    world.session.pendingStems.add('new.wav');
    world.session.swap({ name: 'new.wav', kind: 'upload', mode: 'full' }, true);
    wire.say(messages.swap_ready, new Uint8Array(230400));
    expect(world.desk.stems.get().state).toBe('processing');
    wire.say({ ...seed.late_stem_failure, fixture_name: 'new.wav' });
    expect(world.desk.stems.get()).toEqual({ state: 'failed', error: seed.late_stem_failure.error });
  });

  // W37: what is fetched by its name needs no order of frames.
  test('by links are fetched, and dropped when the track is gone meanwhile', async () => {
    const world = new World();
    const wire = await world.live();
    const links = {
      type: 'stem_links',
      fixture_name: 'song.wav',
      vocals: '/v',
      instruments: '/i',
      source_mode: '',
    };
    wire.say(links);
    await world.pass(0);
    expect(world.stems.length).toBe(1);
    wire.say(links);
    wire.say(messages.swap_ready, new Uint8Array(230400));
    await world.pass(0);
    expect(world.stems.length).toBe(1);
  });
});

describe('commands', () => {
  // W40
  test('a prompt carries B always, and the trigger words of styles that are on', async () => {
    const world = new World();
    const wire = await world.live();
    world.desk.promptA.set('alphatrig, deep house');
    world.desk.promptB.set('dub');
    world.session.commands.setLora('alpha', true, 0.8);
    await world.pass(250);
    expect(wire.of('prompt')).toEqual([
      { type: 'prompt', tags: 'alphatrig, deep house', tags_b: 'alphatrig, dub' },
    ]);
    expect(wire.of('enable_lora')).toEqual([{ type: 'enable_lora', id: 'alpha', strength: 0.8 }]);
  });

  test('knobs leave at once, then when they or the position change, never oftener than every 8 ms', async () => {
    const world = new World();
    const wire = await world.live();
    world.now = 100;
    world.session.commands.pump(true);
    expect(wire.of('params').length).toBe(1);
    world.desk.turn('denoise', 0.9);
    world.now = 104;
    world.session.commands.pump(true);
    expect(wire.of('params').length).toBe(1);
    world.now = 108;
    world.session.commands.pump(true);
    expect(wire.of('params').at(-1)?.raw).toMatchObject({ denoise: 0.9 });
    world.now = 120;
    world.session.commands.pump(true);
    expect(wire.of('params').length).toBe(2);
    world.now = 148;
    world.session.commands.pump(true);
    expect(wire.of('params').length).toBe(3);
  });

  test('the blend is thinned out, but its last value always arrives', async () => {
    const world = new World();
    const wire = await world.live();
    for (let i = 1; i <= 20; i++) {
      world.desk.blend.set(i / 20);
      world.session.commands.sendBlend();
      await world.pass(10);
    }
    await world.pass(200);
    const values = wire.of('set_prompt_blend').map(({ value }) => value);
    expect(values.length).toBeLessThan(6);
    expect(values.at(-1)).toBe(1);
  });
});
