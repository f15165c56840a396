package dev.pgproxy.master.failover;

/**
 * The result of fencing an old primary.
 *
 * @param ended number of other sessions that were ended
 * @param problem what could not be done; empty when everything was
 * @param remedy what to do about it; may be empty
 */
record FenceResult(int ended, String problem, String remedy) {}
