package dev.pgproxy.master.failover;

/**
 * What came of fencing an old primary.
 *
 * @param ended sessions of others
 * @param problem what could not be done; empty when all was
 * @param remedy what to do about that; may be empty
 */
record FenceResult(int ended, String problem, String remedy) {}
