package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.List;

/** Where the characters of a rewritten statement stood before. */
final class Places {

    static final Places NONE = new Places();

    private record Edit(int start, int end, int newLength) {}

    private final List<Edit> edits = new ArrayList<>();

    /** These characters of the original became so many. In order from left to right. */
    void replaced(int start, int end, int newLength) {
        edits.add(new Edit(start, end, newLength));
    }

    /** The place in the original, from 0, of a place in the rewritten statement. */
    int original(int rewritten) {
        int shift = 0;
        for (Edit edit : edits) {
            int startsAt = edit.start() + shift;
            if (rewritten < startsAt) {
                break;
            }
            if (rewritten < startsAt + edit.newLength()) {
                return edit.start();
            }
            shift += edit.newLength() - (edit.end() - edit.start());
        }
        return rewritten - shift;
    }
}
