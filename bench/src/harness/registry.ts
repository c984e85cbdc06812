import { countTokensHostile } from '../benchmarks/count-tokens/count-hostile.ts';
import { countTokensCode, countTokensProse } from '../benchmarks/count-tokens/count-tokens.ts';
import { lifecycleEdge } from '../benchmarks/lifecycle-edge/lifecycle-edge.ts';
import { moneyLifecycle, moneyLifecycleHot } from '../benchmarks/money-lifecycle/money-lifecycle.ts';
import { pricingUnary } from '../benchmarks/pricing-unary/pricing-unary.ts';
import { settlementBatch } from '../benchmarks/settlement-batch/settlement-batch.ts';
import { type Benchmark } from './benchmark.ts';

/** Every benchmark there is, in the order they are listed. */
export const benchmarks: readonly Benchmark[] = [
  moneyLifecycle,
  moneyLifecycleHot,
  pricingUnary,
  settlementBatch,
  countTokensProse,
  countTokensCode,
  countTokensHostile,
  lifecycleEdge,
];
