// Play, loop, compare, record, volume, and the one control that matters most: strength.
import type { App } from '../app';
import { knobNamed, type NumberKnob, nudge, STRENGTH } from '../state/knobs';
import { stored } from '../state/signal';
import { clockText } from '../text';
import { fader } from '../ui/controls';
import { h, icon, iconButton, pressed } from '../ui/dom';
import type { RecordingPanel } from './recording';
import type { WaveformPanel } from './waveform';

/** Frames of the screen between two looks at the level. */
const METER_EVERY = 3;

export class TransportPanel {
  readonly element: HTMLElement;
  readonly ribbon: HTMLElement;
  private readonly clock = h('span', { class: 'clock', 'aria-hidden': 'true' }, '0:00.0');
  private readonly meter = h('div', { class: 'meter', 'aria-hidden': 'true' });
  private readonly samples = new Float32Array(2048);
  private shown = '';
  private frames = 0;
  private strength: ReturnType<typeof fader>;
  private compare: HTMLButtonElement;

  constructor(
    private readonly app: App,
    waveform: WaveformPanel,
    recording: RecordingPanel,
  ) {
    const { player } = app;
    const play = h('button', { type: 'button', class: 'play', 'data-action': 'play' });
    play.onclick = () => app.togglePlay();
    player.playing.watch((on) => {
      play.replaceChildren(icon(on ? 'pause' : 'play'));
      play.setAttribute('aria-label', on ? 'Pause' : 'Play');
      play.title = on ? 'Pause (Space)' : 'Play (Space)';
    });
    const start = iconButton('start', 'To the beginning', { onclick: () => player.seek(0) });
    const loop = iconButton('loop', 'Loop the track (L)', {
      onclick: () => player.setLoop(!player.looping.get()),
    });
    player.looping.watch((on) => pressed(loop, on));
    const band = iconButton('band', 'Draw a loop in the waveform', { 'data-action': 'band' });
    band.onclick = () => {
      if (player.band.get()) player.setBand(null);
      else waveform.drawing.set(!waveform.drawing.get());
    };
    const showBand = () => {
      const on = player.band.get() !== null;
      pressed(band, on || waveform.drawing.get());
      band.title = on ? 'Clear the loop band' : 'Draw a loop in the waveform (or Shift+drag)';
      band.setAttribute('aria-label', band.title);
    };
    player.band.watch(showBand);
    waveform.drawing.watch(showBand);
    this.compare = this.compareButton();
    const volume = stored('headroom.volume', 0.9, (value) => typeof value === 'number');
    const level = fader(
      { name: 'volume', label: 'Volume', min: 0, max: 1, step: 0.01, initial: 0.9, visible: false },
      (value) => volume.set(value),
    );
    volume.watch((value) => {
      level.show(value);
      player.volume(value * value);
    });
    this.element = h(
      'div',
      { class: 'transport', role: 'group', 'aria-label': 'Transport' },
      h('div', { class: 'transport-main' }, start, play, loop, band, this.compare),
      this.clock,
      this.meter,
      h(
        'div',
        { class: 'transport-side' },
        recording.button,
        h('span', { class: 'volume' }, icon('volume'), level.element),
      ),
    );
    const knob = knobNamed(STRENGTH) as NumberKnob;
    this.strength = fader(
      {
        name: STRENGTH,
        label: 'Strength',
        min: knob.min,
        max: knob.max,
        step: 0.01,
        initial: knob.initial,
        text: (value) => (value < 0.005 ? 'the track' : `${Math.round(value * 100)} %`),
      },
      (value) => app.desk.turn(STRENGTH, value),
    );
    this.strength.input.title = knob.help;
    this.strength.element.classList.add('strength');
    this.strength.input.onkeydown = (event) => {
      const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
      if (!steps) return;
      event.preventDefault();
      app.desk.turn(STRENGTH, nudge(knob, app.desk.number(STRENGTH), steps, event.shiftKey));
    };
    app.desk.knob(STRENGTH).watch((value) => this.strength.show(Number(value)));
    this.ribbon = h('div', { class: 'ribbon' }, this.strength.element);
  }

  /** Held: the track as it was. Space and Enter hold it too. */
  private compareButton(): HTMLButtonElement {
    const { player } = this.app;
    const button = iconButton('ear', 'Hold to hear the track as it was', {
      class: 'compare',
      'data-action': 'compare',
    });
    const hold = (on: boolean) => {
      player.original(on);
      pressed(button, on);
    };
    hold(false);
    button.onpointerdown = (event) => {
      button.setPointerCapture(event.pointerId);
      hold(true);
    };
    button.onpointerup = () => hold(false);
    button.onpointercancel = () => hold(false);
    button.onkeydown = (event) => (event.key === ' ' || event.key === 'Enter') && hold(true);
    button.onkeyup = () => hold(false);
    button.onblur = () => hold(false);
    button.oncontextmenu = (event) => event.preventDefault();
    return button;
  }

  frame(): void {
    const { player } = this.app;
    const text = clockText(player.seconds, true);
    if (text !== this.shown) {
      this.shown = text;
      this.clock.textContent = text;
    }
    const driven = this.app.desk.curvesOn.get()
      ? this.app.desk.driven(player.frames ? player.position / player.frames : 0)
      : null;
    const value = driven?.get(STRENGTH);
    this.strength.element.classList.toggle('driven', value !== undefined);
    if (value !== undefined) this.strength.input.style.setProperty('--driven', String(value));
    this.strength.say(value ?? this.app.desk.number(STRENGTH));
    const graph = player.graph;
    if (!graph || ++this.frames % METER_EVERY !== 0) return;
    graph.analyser.getFloatTimeDomainData(this.samples);
    let peak = 0;
    for (const sample of this.samples) peak = Math.max(peak, Math.abs(sample));
    const decibels = peak > 0 ? 20 * Math.log10(peak) : -60;
    this.meter.style.setProperty('--level', String(Math.max(0, Math.min(1, 1 + decibels / 48)).toFixed(2)));
    this.meter.classList.toggle('over', peak >= 1);
  }
}
