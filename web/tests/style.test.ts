import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../src/style/theme.css', import.meta.url), 'utf8');

/** Variables of the block that follows a selector. */
function variables(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}')[0]!;
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]),
  );
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

describe.each([
  ['dark', ':root'],
  ['light', ':root[data-theme="light"]'],
])('the %s theme', (_name, selector) => {
  const colours = variables(selector);

  test.each([
    ['text', 'ground'],
    ['text', 'panel'],
    ['text', 'raised'],
    ['text-dim', 'ground'],
    ['text-dim', 'panel'],
    ['accent', 'panel'],
    ['cool', 'panel'],
    ['danger', 'panel'],
    ['accent-ink', 'accent'],
  ])('%s can be read on %s', (ink, paper) => {
    expect(contrast(colours[ink]!, colours[paper]!)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(['wave-live', 'wave-source', 'mem-weights', 'mem-latents', 'mem-workspace', 'mem-context'])(
    '%s can be seen on a panel',
    (ink) => {
      expect(contrast(colours[ink]!, colours['panel']!)).toBeGreaterThanOrEqual(
        ink === 'wave-source' ? 1.8 : 3,
      );
    },
  );
});

test('the light theme of the system is the light theme', () => {
  expect(variables(':root:not([data-theme])')).toEqual(variables(':root[data-theme="light"]'));
});
