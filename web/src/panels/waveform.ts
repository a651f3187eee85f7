// The strip at the top: see, seek, loop. Click or drag to seek, Shift+drag (or the band button, then drag) for
// a loop, drag its middle or its edges, right click to clear it; Ctrl+wheel zooms.
import type { App } from '../app';
import { SHORTEST_BAND } from '../player/deck';
import { Signal } from '../state/signal';
import { gridOf, snap } from '../state/time';
import { clockText } from '../text';
import { h, Sheet, stillness } from '../ui/dom';
import { type Colours, coloursNow, drawWaveform, GLOW_MS, type View } from './waveform_picture';

const RATE = 48000;
const EDGE_PX = 7;
const TOUCH_EDGE_PX = 18;
const SNAP_PX = 9;
const SHORTEST_VIEW_S = 2;
const WRITING_SHOWN_MS = 400;
/** The eye sees the glow move at that pace; a slow machine has better things to do. */
const REDRAW_MS = 80;

/** Moves a line without a new layout; a width of 0 leaves the width alone. */
function place(element: HTMLElement, x: number, width: number): void {
  element.style.transform = `translateX(${x.toFixed(1)}px)`;
  if (width > 0) element.style.width = `${width.toFixed(0)}px`;
}

type Grip =
  | { kind: 'seek' }
  | { kind: 'draw'; from: number }
  | { kind: 'move'; offset: number }
  | { kind: 'edge'; fixed: number };

export class WaveformPanel {
  readonly element: HTMLElement;
  /** The next drag draws a band. */
  readonly drawing = new Signal(false);
  readonly view = new Signal<View>({ from: 0, to: 1 });
  private readonly sheet = new Sheet({ class: 'waveform', 'aria-hidden': 'true' });
  private colours: Colours = coloursNow();
  private grip: Grip | null = null;
  private readonly head = h('div', { class: 'wave-head', 'aria-hidden': 'true' });
  private readonly writer = h('div', { class: 'wave-writer', 'aria-hidden': 'true' });
  private drawn = '';
  private drawnAt = 0;
  private writing = { from: 0, to: 0, at: Number.NEGATIVE_INFINITY };
  private readonly surface: HTMLElement;

  constructor(private readonly app: App) {
    this.surface = h('div', {
      class: 'wave-surface',
      role: 'slider',
      tabindex: 0,
      'aria-label': 'Position in the track',
      'aria-valuemin': 0,
    });
    this.surface.append(this.sheet.canvas, this.writer, this.head);
    this.element = h('div', { class: 'wave-box' }, this.surface);
    this.sheet.onresize = () => this.redraw();
    app.player.loaded.watch(() => this.whole());
    app.player.band.watch(() => this.redraw());
    app.desk.facts.watch(() => this.redraw());
    this.drawing.watch((on) => this.surface.classList.toggle('drawing', on));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.recolour());
    this.pointer();
    this.keyboard();
  }

  recolour(): void {
    this.colours = coloursNow();
    this.redraw();
  }

  landed(start: number, frames: number): void {
    this.writing = { from: start / RATE, to: (start + frames) / RATE, at: performance.now() };
  }

  /** Once per frame of the screen. The lines move; the picture is drawn anew only when it has changed. */
  frame(now: number): void {
    if (this.sheet.width === 0) return;
    const { player } = this.app;
    const head = player.seconds;
    place(this.head, this.x(head), 0);
    const fresh = now - this.writing.at < WRITING_SHOWN_MS;
    const from = this.x(this.writing.from);
    this.writer.hidden = !fresh;
    if (fresh) place(this.writer, from, Math.max(3, this.x(this.writing.to) - from));
    this.head.hidden = player.frames === 0;
    if (now - this.drawnAt < REDRAW_MS && this.drawn !== '') return;
    const settling = now - this.writing.at < GLOW_MS + REDRAW_MS;
    const state = `${player.wave.version} ${settling ? now : 0}`;
    if (state === this.drawn) return;
    this.drawn = state;
    this.drawnAt = now;
    this.draw(now);
    this.tell(head);
  }

  private draw(now: number): void {
    const { player, desk } = this.app;
    const facts = desk.facts.get();
    drawWaveform(this.sheet, this.colours, {
      wave: player.wave,
      view: this.view.get(),
      grid: facts ? gridOf(facts.bpm, desk.timeSignature.get() ?? facts.timeSignature) : null,
      band: player.band.get(),
      now,
      glow: !stillness(),
    });
  }

  private tell(head: number): void {
    const text = `${clockText(head)} of ${clockText(this.app.player.wave.seconds)}`;
    if (this.surface.getAttribute('aria-valuetext') === text) return;
    this.surface.setAttribute('aria-valuenow', String(Math.round(head)));
    this.surface.setAttribute('aria-valuetext', text);
  }

  private x(seconds: number): number {
    const { from, to } = this.view.get();
    return ((seconds - from) / (to - from)) * this.sheet.width;
  }

  private whole(): void {
    const seconds = Math.max(1, this.app.player.wave.seconds);
    this.surface.setAttribute('aria-valuemax', String(Math.round(seconds)));
    this.view.set({ from: 0, to: seconds });
    this.redraw();
  }

  private redraw(): void {
    this.drawn = '';
  }

  private at(event: MouseEvent): number {
    const box = this.surface.getBoundingClientRect();
    const { from, to } = this.view.get();
    return from + ((event.clientX - box.left) / box.width) * (to - from);
  }

  private get perPixel(): number {
    const { from, to } = this.view.get();
    return (to - from) / Math.max(1, this.sheet.width);
  }

  private snapped(seconds: number, free: boolean): number {
    const facts = this.app.desk.facts.get();
    const grid = facts && !free ? gridOf(facts.bpm, facts.timeSignature) : null;
    return snap(seconds, grid, SNAP_PX * this.perPixel);
  }

  private setBand(a: number, b: number): void {
    const from = Math.min(a, b) * RATE;
    this.app.player.setBand({ start: from, end: Math.max(Math.max(a, b) * RATE, from + SHORTEST_BAND) });
  }

  private gripAt(event: PointerEvent): Grip {
    const seconds = this.at(event);
    const band = this.app.player.band.get();
    const reach = (event.pointerType === 'touch' ? TOUCH_EDGE_PX : EDGE_PX) * this.perPixel;
    if (this.drawing.get() || event.shiftKey)
      return { kind: 'draw', from: this.snapped(seconds, event.altKey) };
    if (!band) return { kind: 'seek' };
    const start = band.start / RATE;
    const end = band.end / RATE;
    if (Math.abs(seconds - start) < reach) return { kind: 'edge', fixed: end };
    if (Math.abs(seconds - end) < reach) return { kind: 'edge', fixed: start };
    if (seconds > start && seconds < end) return { kind: 'move', offset: seconds - start };
    return { kind: 'seek' };
  }

  private pointer(): void {
    const { surface } = this;
    const { player } = this.app;
    let moved = false;
    surface.onpointerdown = (event) => {
      if (event.button !== 0 || player.frames === 0) return;
      surface.setPointerCapture(event.pointerId);
      this.grip = this.gripAt(event);
      moved = false;
      if (this.grip.kind === 'seek') player.seek(this.at(event));
    };
    surface.onpointermove = (event) => {
      if (!this.grip) {
        this.point(event);
        return;
      }
      moved = true;
      this.drag(this.grip, this.at(event), event.altKey);
    };
    surface.onpointerup = (event) => {
      // A click into the band without a move is a seek.
      if (this.grip && !moved && this.grip.kind === 'move') player.seek(this.at(event));
      if (moved) this.drawing.set(false);
      this.grip = null;
    };
    surface.oncontextmenu = (event) => {
      event.preventDefault();
      player.setBand(null);
    };
    surface.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  private point(event: PointerEvent): void {
    const grip = this.gripAt(event);
    this.surface.style.cursor =
      grip.kind === 'edge'
        ? 'ew-resize'
        : grip.kind === 'move'
          ? 'grab'
          : grip.kind === 'draw'
            ? 'crosshair'
            : 'text';
  }

  private drag(grip: Grip, seconds: number, free: boolean): void {
    const { player } = this.app;
    const band = player.band.get();
    switch (grip.kind) {
      case 'seek':
        player.seek(seconds);
        break;
      case 'draw':
        this.setBand(grip.from, this.snapped(seconds, free));
        break;
      case 'edge':
        this.setBand(grip.fixed, this.snapped(seconds, free));
        break;
      case 'move':
        if (band) {
          const length = (band.end - band.start) / RATE;
          const latest = player.wave.seconds - length;
          const start = Math.max(0, Math.min(latest, this.snapped(seconds - grip.offset, free)));
          this.setBand(start, start + length);
        }
        break;
    }
  }

  private wheel(event: WheelEvent): void {
    const { from, to } = this.view.get();
    const total = this.app.player.wave.seconds;
    if (total === 0) return;
    const span = to - from;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const centre = this.at(event);
      const next = Math.min(total, Math.max(SHORTEST_VIEW_S, span * (event.deltaY < 0 ? 0.8 : 1.25)));
      const start = centre - ((centre - from) / span) * next;
      this.look(start, next, total);
    } else if (span < total - 0.01) {
      event.preventDefault();
      this.look(from + ((event.deltaX || event.deltaY) / this.sheet.width) * span, span, total);
    }
  }

  private look(start: number, span: number, total: number): void {
    const from = Math.max(0, Math.min(total - span, start));
    this.view.set({ from, to: from + span });
    this.redraw();
  }

  private keyboard(): void {
    this.surface.onkeydown = (event) => {
      const { player } = this.app;
      const band = player.band.get();
      const step = event.shiftKey ? 5 : 1;
      const here = player.seconds;
      if (event.key === 'ArrowRight') player.seek(here + step);
      else if (event.key === 'ArrowLeft') player.seek(here - step);
      else if (event.key === 'Home') player.seek(0);
      else if (event.key === 'End') player.seek(player.wave.seconds - 1);
      else if (event.key === '[') this.setBand(here, band ? band.end / RATE : player.wave.seconds);
      else if (event.key === ']') this.setBand(band ? band.start / RATE : 0, here);
      else if (event.key === 'Backspace' || event.key === 'Delete') player.setBand(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
  }
}
