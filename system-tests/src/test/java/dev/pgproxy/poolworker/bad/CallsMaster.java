package dev.pgproxy.poolworker.bad;

import dev.pgproxy.master.MasterMain;

/** A worker that knows the master's code. */
public record CallsMaster(MasterMain master) {}
