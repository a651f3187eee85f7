// What the server's messages change on the desk, for messages that concern nothing else.
import type { ServerMessage } from '../wire/messages';
import type { Desk } from './desk';

/** A sentence for the musician where one is due; undefined for what speaks for itself. */
export function hear(message: ServerMessage, desk: Desk): { text: string; grave: boolean } | undefined {
  switch (message.type) {
    case 'params_echo':
      for (const [name, value] of Object.entries(message.raw)) {
        if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
          desk.turn(name, value);
      }
      return undefined;
    case 'lora_catalog':
      adoptCatalog(message.catalog, desk);
      return undefined;
    case 'depth_applied':
      desk.depth.patch({ value: message.value });
      return undefined;
    case 'timbre_set':
    case 'structure_set': {
      const { name, duration } = message;
      desk[kindOf(message.type)].set({ name, state: 'set', error: '', seconds: duration });
      return undefined;
    }
    case 'timbre_failed':
    case 'structure_failed': {
      const kind = kindOf(message.type);
      desk[kind].set({ ...desk[kind].get(), state: 'failed', error: message.error });
      return { text: `The ${kind} reference does not play: ${message.error}`, grave: false };
    }
    case 'timbre_cleared':
    case 'structure_cleared':
      desk[kindOf(message.type)].set({ name: '', state: 'none', error: '', seconds: 0 });
      return undefined;
    case 'command_failed':
      return { text: message.error, grave: false };
    case 'warning':
      return { text: message.message, grave: false };
    case 'error': {
      const hint = 'hint' in message && message.hint ? ` ${message.hint}` : '';
      return { text: message.message + hint, grave: true };
    }
    default:
      return undefined;
  }
}

const kindOf = (type: string): 'timbre' | 'structure' => (type.startsWith('timbre') ? 'timbre' : 'structure');

function adoptCatalog(catalog: Desk['catalog'] extends { get(): infer T } ? T : never, desk: Desk): void {
  desk.catalog.set(catalog);
  const slots = new Map(desk.loras.get());
  for (const { id, state, strength } of catalog) {
    const slot = slots.get(id);
    // A strength that was moved since is nearer to the musician's wish than the server's.
    if (state === 'enabled') slots.set(id, { on: true, strength: slot?.on ? slot.strength : strength });
    else if (slot?.on) slots.set(id, { ...slot, on: false });
  }
  desk.loras.set(slots);
}
