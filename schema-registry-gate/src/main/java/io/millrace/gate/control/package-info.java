/** What all instances of the gate know together, and survives each of them: which tables are parked, how far each partition's quarantine is, whether the breaker is open. */
package io.millrace.gate.control;
