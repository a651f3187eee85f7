// The one way in which parts of the client learn of each other: values that tell when they change.

export type Listener<T> = (value: T) => void;

export interface Readable<T> {
  get(): T;
  /** Calls at once and after every change; returns what ends it. */
  watch(listener: Listener<T>): () => void;
}

export class Signal<T> implements Readable<T> {
  private listeners = new Set<Listener<T>>();

  constructor(private current: T) {}

  get(): T {
    return this.current;
  }

  set(value: T): void {
    if (Object.is(value, this.current)) return;
    this.current = value;
    for (const listener of [...this.listeners]) listener(value);
  }

  /** Changes members of an object value. */
  patch(part: Partial<T>): void {
    this.set({ ...this.current, ...part });
  }

  watch(listener: Listener<T>): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }

  /** As watch, without the call at once. */
  changed(listener: Listener<T>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** A signal that a reload remembers. Storage that is closed to us costs the memory, nothing else. */
export function stored<T>(key: string, initial: T, valid: (value: unknown) => boolean): Signal<T> {
  let value = initial;
  try {
    const text = localStorage.getItem(key);
    const read: unknown = text === null ? undefined : JSON.parse(text);
    if (read !== undefined && valid(read)) value = read as T;
  } catch {
    // Private windows, damaged entries.
  }
  const signal = new Signal(value);
  signal.changed((now) => {
    try {
      localStorage.setItem(key, JSON.stringify(now));
    } catch {
      // Full or closed.
    }
  });
  return signal;
}
