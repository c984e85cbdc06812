import { lifecycleEdge } from '../benchmarks/lifecycle-edge/lifecycle-edge.ts';
import { pricingUnary } from '../benchmarks/pricing-unary/pricing-unary.ts';
import { type Benchmark } from './benchmark.ts';

/** Every benchmark there is, in the order they are listed. */
export const benchmarks: readonly Benchmark[] = [pricingUnary, lifecycleEdge];
