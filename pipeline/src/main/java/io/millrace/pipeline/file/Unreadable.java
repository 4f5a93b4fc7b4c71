package io.millrace.pipeline.file;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Why a file cannot be read, in words; the exceptions say it by their names alone. */
public final class Unreadable {

    private Unreadable() {}

    public static String why(IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing -> "there is no such file";
            case AccessDeniedException denied -> "who runs this may not read it";
            case CharacterCodingException bytes -> "it is no text in UTF-8";
            default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
        };
    }
}
