package dev.pgproxy.poolworker.bad;

import com.sun.jna.Pointer;

/** Native code outside its package. */
public record TouchesMemory(Pointer pointer) {}
