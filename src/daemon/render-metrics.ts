import { Counter, Gauge, Registry } from 'prom-client'
import type { Metric } from './metrics.ts'

/**
 * The numbers in Prometheus's text format. Loaded at the first scrape
 * only: prom-client weighs more than the rest of the HTTP side.
 */
export async function renderMetrics(
  metrics: readonly Metric[]
): Promise<{ contentType: string; text: string }> {
  const registry = new Registry()
  for (const metric of metrics) register(registry, metric)
  return { contentType: registry.contentType, text: await registry.metrics() }
}

function register(registry: Registry, metric: Metric): void {
  const { name, help, kind } = metric
  const settings = { name, help, labelNames: metric.labels ?? [], registers: [registry] }
  const series = kind === 'gauge' ? new Gauge(settings) : new Counter(settings)
  for (const { value, labels } of metric.values) series.inc(labels ?? {}, value)
}
