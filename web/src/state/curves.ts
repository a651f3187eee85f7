// Curves: values of a knob drawn over the track.

export type CurveShape = 'smooth' | 'linear' | 'step';

export interface CurvePoint {
  /** Part of the track, 0…1. */
  at: number;
  value: number;
}

export interface Curve {
  on: boolean;
  shape: CurveShape;
  /** In order of `at`. */
  points: CurvePoint[];
}

export const CURVE_KNOBS = ['denoise', 'hint_strength', 'feedback', 'shift', 'lora_1', 'lora_2'] as const;
export type CurveKnob = (typeof CURVE_KNOBS)[number];

/** A touched control wins over its curve for that long. */
export const TOUCH_WINS_MS = 500;
/** Points nearer than this part of the track are one. */
const TOGETHER = 0.002;

export const flat = (): Curve => ({ on: false, shape: 'smooth', points: [] });

/** Value of the curve; undefined without points. Before the first and after the last point it is flat. */
export function curveAt(curve: Curve, at: number): number | undefined {
  const { points, shape } = curve;
  if (points.length === 0) return undefined;
  const next = points.findIndex((point) => point.at > at);
  if (next === 0) return points[0]!.value;
  if (next === -1) return points[points.length - 1]!.value;
  const a = points[next - 1]!;
  const b = points[next]!;
  if (shape === 'step') return a.value;
  const part = (at - a.at) / (b.at - a.at);
  const eased = shape === 'smooth' ? part * part * (3 - 2 * part) : part;
  return a.value + (b.value - a.value) * eased;
}

export function withPoint(points: CurvePoint[], point: CurvePoint): CurvePoint[] {
  const rest = points.filter((other) => Math.abs(other.at - point.at) > TOGETHER);
  return [...rest, point].sort((a, b) => a.at - b.at);
}

/** A line drawn by hand replaces what was there and keeps the few points that carry it. */
export function withStroke(points: CurvePoint[], stroke: CurvePoint[], tolerance: number): CurvePoint[] {
  if (stroke.length === 0) return points;
  const ordered = [...stroke].sort((a, b) => a.at - b.at);
  const first = ordered[0]!.at;
  const last = ordered[ordered.length - 1]!.at;
  const rest = points.filter((point) => point.at < first - TOGETHER || point.at > last + TOGETHER);
  return [...rest, ...simplify(ordered, tolerance)].sort((a, b) => a.at - b.at);
}

/** Leaves out points that lie within `tolerance` of the line between their neighbours. */
export function simplify(points: CurvePoint[], tolerance: number): CurvePoint[] {
  if (points.length < 3) return points;
  const a = points[0]!;
  const b = points[points.length - 1]!;
  let worst = 0;
  let index = 0;
  for (let i = 1; i < points.length - 1; i++) {
    const p = points[i]!;
    const part = b.at === a.at ? 0 : (p.at - a.at) / (b.at - a.at);
    const distance = Math.abs(p.value - (a.value + (b.value - a.value) * part));
    if (distance > worst) {
      worst = distance;
      index = i;
    }
  }
  if (worst <= tolerance) return [a, b];
  return [
    ...simplify(points.slice(0, index + 1), tolerance).slice(0, -1),
    ...simplify(points.slice(index), tolerance),
  ];
}

export function isCurve(value: unknown): value is Curve {
  if (typeof value !== 'object' || value === null) return false;
  const { on, shape, points } = value as Partial<Curve>;
  return (
    typeof on === 'boolean' &&
    (shape === 'smooth' || shape === 'linear' || shape === 'step') &&
    Array.isArray(points) &&
    points.every((point) => Number.isFinite(point?.at) && Number.isFinite(point?.value))
  );
}
