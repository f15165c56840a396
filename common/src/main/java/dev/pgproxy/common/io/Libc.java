package dev.pgproxy.common.io;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The libc calls that the JDK does not offer, by JNA direct mapping. Pointers travel as {@code long} addresses, so that a
 * call allocates nothing. After a failed call (-1) {@link #errno()} tells why, until the thread's next call.
 */
@SuppressWarnings("MemberName") // The names are libc's.
final class Libc {

    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EAGAIN = 11;
    static final int ENOMEM = 12;
    static final int ENFILE = 23;
    static final int EACCES = 13;
    static final int EMFILE = 24;
    static final int ECONNABORTED = 103;
    static final int ENOBUFS = 105;
    static final int ECONNREFUSED = 111;
    static final int EINPROGRESS = 115;

    static final int EPOLL_CLOEXEC = 0x80000;
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;
    static final int EPOLLIN = 1;
    static final int EPOLLOUT = 4;
    static final int EPOLLERR = 8;
    static final int EPOLLHUP = 16;
    static final int EPOLLRDHUP = 0x2000;

    static final int EFD_CLOEXEC = 0x80000;
    static final int EFD_NONBLOCK = 0x800;

    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int SOCK_STREAM = 1;
    static final int SOCK_NONBLOCK = 0x800;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int SOL_SOCKET = 1;
    static final int SO_REUSEADDR = 2;
    static final int SO_ERROR = 4;
    static final int SO_KEEPALIVE = 9;
    static final int SO_PEERCRED = 17;
    static final int IPPROTO_TCP = 6;
    static final int TCP_NODELAY = 1;
    static final int TCP_KEEPIDLE = 4;
    static final int TCP_KEEPINTVL = 5;
    static final int TCP_KEEPCNT = 6;
    static final int TCP_USER_TIMEOUT = 18;
    static final int IPPROTO_IPV6 = 41;
    static final int IPV6_V6ONLY = 26;
    static final int MSG_PEEK = 2;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_NOSIGNAL = 0x4000;
    static final int SHUT_WR = 1;

    static final int F_DUPFD_CLOEXEC = 1030;
    static final int O_RDONLY = 0;
    static final int O_CLOEXEC = 0x80000;

    static final int RLIMIT_NOFILE = 7;
    static final int PRIO_PROCESS = 0;

    static {
        Native.register(Libc.class, NativeLibrary.getInstance("c"));
    }

    private Libc() {}

    static native int epoll_create1(int flags);

    static native int epoll_ctl(int epollFd, int operation, int fd, long event);

    static native int epoll_wait(int epollFd, long events, int maxEvents, int timeoutMs);

    static native int eventfd(int initial, int flags);

    static native int socket(int domain, int type, int protocol);

    static native int bind(int fd, long address, int length);

    static native int listen(int fd, int backlog);

    static native int accept4(int fd, long address, long length, int flags);

    static native int connect(int fd, long address, int length);

    static native int getsockname(int fd, long address, long length);

    static native int setsockopt(int fd, int level, int name, long value, int length);

    static native int getsockopt(int fd, int level, int name, long value, long length);

    static native long recv(int fd, long buffer, long length, int flags);

    static native long send(int fd, long buffer, long length, int flags);

    static native long read(int fd, long buffer, long length);

    static native long write(int fd, long buffer, long length);

    static native int shutdown(int fd, int how);

    static native int open(String path, int flags);

    static native int close(int fd);

    static native int fcntl(int fd, int command, int argument);

    static native int getrlimit(int resource, long limits);

    static native int setrlimit(int resource, long limits);

    static native int setpriority(int which, int who, int priority);

    static native int umask(int mask);

    static native int getuid();

    static native String strerror(int errno);

    static int errno() {
        return Native.getLastError();
    }

    /** Direct memory in the machine's byte order, for the structures that calls read and fill. */
    static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** The address of a direct buffer's first byte; valid while the buffer is reachable. */
    static long address(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }
}
