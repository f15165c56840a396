package dev.pgproxy.poolworker.bad;

import java.util.HashMap;

/** State without an owner. */
public final class CountsInStatics {
    static final HashMap<String, String> SESSIONS = new HashMap<>();

    private CountsInStatics() {}
}
