import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { launcherBoundaries, moduleBoundaries } from './tools/src/module-boundaries.js';

export default tseslint.config(
  { ignores: ['**/node_modules', '**/src/gen', '**/coverage', '**/dist', '.nx', 'tmp'] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', moduleBoundaries],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['apps/edda/**/*.ts', 'bench/**/*.ts', 'chaos/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': ['error', launcherBoundaries] },
  },
  {
    files: ['**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    // What Node gives every module; in TypeScript the compiler knows it.
    languageOptions: { globals: { AbortSignal: 'readonly', fetch: 'readonly', process: 'readonly' } },
  },
);
