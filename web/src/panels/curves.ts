// Curves drawn over the track: drag to draw, click to set a point, drag a point, double click to take it away.
import type { App } from '../app';
import {
  CURVE_KNOBS,
  type Curve,
  type CurveKnob,
  type CurvePoint,
  curveAt,
  flat,
  withPoint,
  withStroke,
} from '../state/curves';
import { knobNamed, STRONGEST_LORA } from '../state/knobs';
import { Signal } from '../state/signal';
import { segments, toggle } from '../ui/controls';
import { h, ink, Sheet } from '../ui/dom';
import type { WaveformPanel } from './waveform';

const LABELS: Record<CurveKnob, string> = {
  denoise: 'Strength',
  hint_strength: 'Structure',
  feedback: 'Feedback',
  shift: 'Shift',
  lora_1: 'Style 1',
  lora_2: 'Style 2',
};
const GRIP_PX = 9;
const CLICK_PX = 4;
/** Of the height: how far a drawn line may be from what is kept of it. */
const TOLERANCE = 0.02;
const PADDING = 8;

export class CurvesPanel {
  readonly element: HTMLElement;
  private readonly sheet = new Sheet({
    class: 'curve-lane',
    tabindex: 0,
    role: 'application',
    'aria-label':
      'Curve. Arrow keys move the chosen point, Page keys choose one, Insert sets one at the playhead, Delete takes it away.',
  });
  private readonly lane = new Signal<CurveKnob>('denoise');
  private held: { index: number } | { stroke: CurvePoint[]; before: CurvePoint[] } | null = null;
  private chosen = -1;
  private readonly head = h('div', { class: 'wave-head', 'aria-hidden': 'true' });
  private drawn = '';

  constructor(
    private readonly app: App,
    private readonly waveform: WaveformPanel,
  ) {
    const { desk } = app;
    const lanes = segments(
      'Curve',
      CURVE_KNOBS.map((value) => ({ value, label: LABELS[value] })),
      (value) => this.lane.set(value as CurveKnob),
    );
    const shape = segments(
      'Shape',
      [
        { value: 'smooth', label: 'Smooth' },
        { value: 'linear', label: 'Linear' },
        { value: 'step', label: 'Steps' },
      ],
      (value) => this.change({ shape: value as Curve['shape'] }),
    );
    const on = toggle('Curves', (value) => desk.curvesOn.set(value));
    desk.curvesOn.watch((value) => on.show(value));
    const clear = h('button', { type: 'button', class: 'quiet' }, 'Clear');
    clear.onclick = () => this.change({ points: [], on: false });
    const show = () => {
      lanes.show(this.lane.get());
      shape.show(this.curve.shape);
      this.drawn = '';
    };
    this.lane.watch(() => {
      this.chosen = -1;
      show();
    });
    for (const signal of desk.curves.values()) signal.changed(show);
    waveform.view.watch(() => {
      this.drawn = '';
    });
    desk.curvesOn.changed(() => {
      this.drawn = '';
    });
    this.sheet.onresize = () => {
      this.drawn = '';
    };
    this.element = h(
      'details',
      { class: 'curves', id: 'curves' },
      h('summary', {}, 'Curves over time'),
      h('div', { class: 'curves-head' }, on.element, lanes.element, shape.element, clear),
      h('div', { class: 'curve-box' }, this.sheet.canvas, this.head),
    );
    this.pointer();
    this.keyboard();
  }

  recolour(): void {
    this.drawn = '';
  }

  private get signal(): Signal<Curve> {
    return this.app.desk.curves.get(this.lane.get())!;
  }

  private get curve(): Curve {
    return this.signal.get();
  }

  private get range(): { min: number; max: number } {
    const knob = knobNamed(this.lane.get());
    return knob?.kind === 'number' ? knob : { min: 0, max: STRONGEST_LORA };
  }

  private change(part: Partial<Curve>): void {
    this.signal.set({ ...flat(), ...this.curve, ...part });
    // Whoever draws wants to hear it.
    if (part.points?.length) this.app.desk.curvesOn.set(true);
  }

  private get seconds(): number {
    return Math.max(0.001, this.app.player.wave.seconds || (this.app.desk.facts.get()?.seconds ?? 1));
  }

  private x(at: number): number {
    const { from, to } = this.waveform.view.get();
    return ((at * this.seconds - from) / (to - from)) * this.sheet.width;
  }

  private y(value: number): number {
    const { min, max } = this.range;
    return this.sheet.height - PADDING - ((value - min) / (max - min)) * (this.sheet.height - 2 * PADDING);
  }

  private pointAt(x: number, y: number): CurvePoint {
    const { from, to } = this.waveform.view.get();
    const { min, max } = this.range;
    const at = (from + (x / this.sheet.width) * (to - from)) / this.seconds;
    const part = (this.sheet.height - PADDING - y) / (this.sheet.height - 2 * PADDING);
    return { at: Math.min(1, Math.max(0, at)), value: min + Math.min(1, Math.max(0, part)) * (max - min) };
  }

  private pointer(): void {
    const { canvas } = this.sheet;
    let start = { x: 0, y: 0 };
    canvas.onpointerdown = (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      canvas.focus();
      start = { x: event.offsetX, y: event.offsetY };
      const index = this.hit(event.offsetX, event.offsetY);
      this.chosen = index;
      this.held =
        index >= 0 ? { index } : { stroke: [this.pointAt(start.x, start.y)], before: this.curve.points };
      this.drawn = '';
    };
    canvas.onpointermove = (event) => {
      const point = this.pointAt(event.offsetX, event.offsetY);
      if (!this.held) return;
      if ('index' in this.held) this.move(point);
      else {
        this.held.stroke.push(point);
        const { max, min } = this.range;
        const far = Math.hypot(event.offsetX - start.x, event.offsetY - start.y) > CLICK_PX;
        if (far)
          this.change({
            on: true,
            points: withStroke(this.held.before, this.held.stroke, TOLERANCE * (max - min)),
          });
      }
    };
    canvas.onpointerup = (event) => {
      const far = Math.hypot(event.offsetX - start.x, event.offsetY - start.y) > CLICK_PX;
      if (this.held && !('index' in this.held) && !far) {
        const point = this.pointAt(start.x, start.y);
        this.change({ on: true, points: withPoint(this.curve.points, point) });
        this.chosen = this.curve.points.indexOf(point);
      }
      this.held = null;
    };
    canvas.ondblclick = (event) => this.remove(this.hit(event.offsetX, event.offsetY));
    canvas.oncontextmenu = (event) => {
      event.preventDefault();
      this.remove(this.hit(event.offsetX, event.offsetY));
    };
  }

  private hit(x: number, y: number): number {
    return this.curve.points.findIndex(
      (point) => Math.hypot(this.x(point.at) - x, this.y(point.value) - y) < GRIP_PX,
    );
  }

  private move(point: CurvePoint): void {
    const { points } = this.curve;
    if (!points[this.chosen]) return;
    const rest = points.filter((_, i) => i !== this.chosen);
    this.change({ on: true, points: withPoint(rest, point) });
    this.chosen = this.curve.points.indexOf(point);
  }

  private remove(index: number): void {
    if (index < 0) return;
    const points = this.curve.points.filter((_, i) => i !== index);
    this.change({ points, on: points.length > 0 });
    this.chosen = -1;
  }

  private keyboard(): void {
    this.sheet.canvas.onkeydown = (event) => {
      const { points } = this.curve;
      const point = points[this.chosen];
      const { min, max } = this.range;
      const by = ((max - min) / 20) * (event.shiftKey ? 0.5 : 1);
      const side = (1 / this.seconds) * (event.shiftKey ? 0.1 : 0.5);
      const clamped = (at: number, value: number) => ({
        at: Math.min(1, Math.max(0, at)),
        value: Math.min(max, Math.max(min, value)),
      });
      if (event.key === 'PageDown') this.chosen = Math.min(points.length - 1, this.chosen + 1);
      else if (event.key === 'PageUp') this.chosen = Math.max(0, this.chosen - 1);
      else if (event.key === 'Delete' || event.key === 'Backspace') this.remove(this.chosen);
      else if (event.key === 'Insert' || event.key === 'Enter') this.insert();
      else if (point && event.key === 'ArrowUp') this.move(clamped(point.at, point.value + by));
      else if (point && event.key === 'ArrowDown') this.move(clamped(point.at, point.value - by));
      else if (point && event.key === 'ArrowLeft') this.move(clamped(point.at - side, point.value));
      else if (point && event.key === 'ArrowRight') this.move(clamped(point.at + side, point.value));
      else return;
      this.drawn = '';
      event.preventDefault();
      event.stopPropagation();
    };
  }

  private insert(): void {
    const at = this.app.player.seconds / this.seconds;
    const { min, max } = this.range;
    const point = { at, value: curveAt(this.curve, at) ?? (min + max) / 2 };
    this.change({ on: true, points: withPoint(this.curve.points, point) });
    this.chosen = this.curve.points.indexOf(point);
  }

  frame(): void {
    if (!(this.element as HTMLDetailsElement).open || this.sheet.width === 0) return;
    this.head.style.transform = `translateX(${this.x(this.app.player.seconds / this.seconds).toFixed(1)}px)`;
    if (this.drawn === 'drawn') return;
    this.drawn = 'drawn';
    this.draw();
  }

  private draw(): void {
    const { pen, width, height } = this.sheet;
    const { min, max } = this.range;
    pen.clearRect(0, 0, width, height);
    pen.font = '10px system-ui, sans-serif';
    pen.fillStyle = ink('text-dim');
    pen.textBaseline = 'top';
    pen.fillText(String(max), 4, 2);
    pen.textBaseline = 'bottom';
    pen.fillText(String(min), 4, height - 2);
    pen.lineWidth = 1;
    for (const name of CURVE_KNOBS)
      if (name !== this.lane.get()) this.line(this.app.desk.curves.get(name)!.get(), name, 'wave-source', 1);
    const active = this.app.desk.curvesOn.get() && this.curve.on;
    this.line(this.curve, this.lane.get(), active ? 'accent' : 'text-dim', 2);
    this.curve.points.forEach((point, i) => {
      pen.fillStyle = ink(i === this.chosen ? 'text' : 'accent');
      pen.beginPath();
      pen.arc(this.x(point.at), this.y(point.value), i === this.chosen ? 5.5 : 4, 0, Math.PI * 2);
      pen.fill();
    });
    if (this.curve.points.length === 0) {
      pen.fillStyle = ink('text-dim');
      pen.textBaseline = 'middle';
      pen.textAlign = 'center';
      pen.fillText(
        `Draw ${LABELS[this.lane.get()].toLowerCase()} here; it is played from left to right.`,
        width / 2,
        height / 2,
      );
      pen.textAlign = 'left';
    }
  }

  private line(curve: Curve, name: CurveKnob, colour: string, thick: number): void {
    if (curve.points.length === 0) return;
    const { pen, width, height } = this.sheet;
    const { min, max } = name === this.lane.get() ? this.range : this.rangeOf(name);
    pen.strokeStyle = ink(colour);
    pen.lineWidth = thick;
    pen.beginPath();
    for (let x = 0; x <= width; x += 2) {
      const value = curveAt(curve, this.pointAt(x, 0).at) ?? min;
      pen.lineTo(x, height - PADDING - ((value - min) / (max - min)) * (height - 2 * PADDING));
    }
    pen.stroke();
  }

  private rangeOf(name: CurveKnob): { min: number; max: number } {
    const knob = knobNamed(name);
    return knob?.kind === 'number' ? knob : { min: 0, max: STRONGEST_LORA };
  }
}
