package dev.pgproxy.common.files;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Describes what is wrong with a file in familiar words, where Java's text has the name of a class. */
public final class FileProblem {

    private FileProblem() {}

    /**
     * The failure with what was being done; one that says what to do about its path stays as it is.
     *
     * @param doing such as "could not open the log file"
     */
    public static IOException during(String doing, IOException problem) {
        return problem instanceof UnusablePathException
                ? problem
                : new IOException(doing + ": " + words(problem), problem);
    }

    /** @param otherwise the remedy for a problem that does not have its own */
    public static String remedy(IOException problem, String otherwise) {
        return problem instanceof UnusablePathException unusable ? unusable.remedy() : otherwise;
    }

    /** The problem, with the file where the exception names it. */
    public static String words(IOException problem) {
        String message = String.valueOf(problem.getMessage());
        if (problem instanceof NoSuchFileException) {
            return message + ": no such file or directory";
        }
        if (problem instanceof AccessDeniedException denied) {
            return denied.getFile() + ": permission denied for user " + System.getProperty("user.name");
        }
        if (problem instanceof FileAlreadyExistsException) {
            return message + ": it exists and is not a directory";
        }
        if (problem instanceof NotDirectoryException) {
            return message + ": it is not a directory";
        }
        if (problem instanceof FileSystemException system && system.getReason() != null) {
            return system.getFile() + ": " + system.getReason();
        }
        return message.equals("Is a directory") ? "it is a directory" : message;
    }
}
