package dev.pgproxy.master.supervisor;

/** A child as those see it who have much to say to it. */
public interface ChildLink extends Recipient {

    /** As logs and tables call it: {@code pool-1}, {@code task}. */
    String name();

    /** Whether it keeps up with what it is sent; one that does not is given nothing more for a while. */
    boolean hasRoom();
}
