# Saved maps: to files and buffers, and back. A map over such bytes reads them where they stand (csrc/snapshot.h).


#: Fewer bytes of entries are pickled one by one: the head alone takes a page.
cdef size_t PICKLED_WHOLE = 64 << 10

#: A piece of a file that is written at once. ext4 keeps what is written from one multiple of 2 MB to the next as one huge
#: page, and maps it so: 1,000,000 of 10,000,000 entries are found in 47 ms, as in memory. It took 70 ms where pieces were
#: of 1 MB and began behind the head's page.
cdef size_t WRITTEN_AT_ONCE = 2 << 20

cdef dict SECTION_NAMES = {GOMAP_SECTION_TAGS: "tags", GOMAP_SECTION_SLOTS: "slots",
                           GOMAP_SECTION_OVERFLOW: "overflow", GOMAP_SECTION_RECORDS: "records",
                           GOMAP_SECTION_KEY_STRINGS: "key strings", GOMAP_SECTION_VALUE_STRINGS: "value strings",
                           GOMAP_SECTION_KEY_TEXT: "key text", GOMAP_SECTION_VALUE_TEXT: "value text"}


@cython.final
cdef class Image:
    """The bytes that a map is over, and how they are used."""
    cdef object view  # a memoryview, which keeps the buffer
    cdef object path  # of the file; None for a buffer
    cdef bint private  # the first write copies them: mode "c"
    cdef uint64_t checksum  # of the head

    cdef str hex(self):
        return f"{self.checksum:016x}"

    cdef str name(self):
        return "a buffer" if self.path is None else repr(self.path)


# ---- saving -------------------------------------------------------------------------------------------------------

@cython.final
@cython.no_gc_clear  # the map must be there when saving ends
cdef class Saver:
    """A map that is being saved: nobody writes to it meanwhile."""
    cdef Base m
    cdef gomap_saver *saver
    cdef gomap_iter reader

    def __dealloc__(self):
        self.end()

    cdef void end(self) noexcept:
        """The map may be written to again. Whoever made it calls this, as an error's traceback may keep it alive."""
        if self.saver != NULL:
            gomap_save_end(self.saver)
            self.saver = NULL
            read_end(self.m, &self.reader)

    cdef int going_on(self) except -1:
        if self.saver == NULL:
            raise ValueError("saving has ended")
        return 0

    cdef size_t read(self, char *room, size_t most) except? 0:
        """The next bytes behind the head; 0 at the end."""
        cdef size_t some
        self.going_on()
        with nogil:
            some = gomap_save_next(self.saver, room, most)
        PyErr_CheckSignals()
        return some

    cdef bytes head(self):
        cdef bytes head = PyBytes_FromStringAndSize(NULL, gomap_save_head_bytes(self.saver))
        gomap_save_head(self.saver, PyBytes_AS_STRING(head))
        return head

    def pieces(self, write):
        """Writes the file piece by piece, with zeros for its head; returns the head."""
        cdef bytearray room = bytearray(WRITTEN_AT_ONCE + GOMAP_SAVE_LEAST)
        cdef char *at = PyByteArray_AS_STRING(room)
        cdef size_t filled, some
        view = memoryview(room)
        self.going_on()
        filled = gomap_save_head_bytes(self.saver)
        while True:
            some = self.read(at + filled, WRITTEN_AT_ONCE + GOMAP_SAVE_LEAST - filled)
            filled += some
            if some == 0:
                write(view[:filled])
                return self.head()
            if filled >= WRITTEN_AT_ONCE:
                write(view[:WRITTEN_AT_ONCE])
                filled -= WRITTEN_AT_ONCE
                memcpy(at, at + WRITTEN_AT_ONCE, filled)

    cdef int fill(self, char *at) except -1:
        """The whole of it into memory."""
        cdef char *to = at + gomap_save_head_bytes(self.saver)
        cdef char *end = at + gomap_save_bytes(self.saver)
        cdef size_t some, most
        cdef bytearray room = None
        while to != end:
            most = min(<size_t>(end - to), <size_t>16 << 20)
            if most >= GOMAP_SAVE_LEAST:
                some = self.read(to, most)
            else:
                if room is None:
                    room = bytearray(GOMAP_SAVE_LEAST)
                some = self.read(PyByteArray_AS_STRING(room), GOMAP_SAVE_LEAST)
                memcpy(to, PyByteArray_AS_STRING(room), some)
            to += some
        gomap_save_head(self.saver, at)
        return 0


cdef uint32_t saving_class(Base m) except? 0xffffffff:
    """The number of the class in a saved map."""
    for number, cls in enumerate(PLAIN_CLASSES):
        if isinstance(m, cls):
            return number
    return 0  # a cache's entries


cdef Saver saver_of(Base m):
    cdef Saver made = Saver.__new__(Saver)
    cdef bytes key, value
    m.ready()
    if m.objects:
        raise TypeError(f"a {m.spelling()} cannot be saved: its objects are Python's, and a file with pickles in it could "
                        "run any code. Give it types, as gomap.advise(m) finds them, or pickle it")
    if sys.byteorder != "little":
        raise NotImplementedError("saved maps are little-endian, and this machine is big-endian: pickle it")
    key = m.layout.key_type.name.encode()
    value = m.layout.value_type.name.encode()
    made.m = m
    cdef uint32_t made_by = saving_class(m)
    cdef gomap *map = read_begin(m, &made.reader)
    made.saver = gomap_save_begin(map, key, <uint32_t>len(key), value, <uint32_t>len(value), made_by)
    if made.saver == NULL:
        read_end(m, &made.reader)
        raise MemoryError()
    return made


cdef bytes saved_bytes(Base m):
    cdef Image image = m.image_now()
    if image is not None:
        return bytes(image.view)
    cdef Saver saver = saver_of(m)
    cdef bytes made
    try:
        made = PyBytes_FromStringAndSize(NULL, gomap_save_bytes(saver.saver))
        saver.fill(PyBytes_AS_STRING(made))
    finally:
        saver.end()
    return made


cdef object saved_into(Base m, object out):
    """Into a buffer that is there; returns the part that was used."""
    cdef Image image = m.image_now()
    cdef Saver saver = saver_of(m) if image is None else None
    try:
        needed = image.view.nbytes if saver is None else gomap_save_bytes(saver.saver)
        view = room_in_buffer(out, needed)
        if saver is None:
            view[:] = image.view
        else:
            saver.fill(<char *>PyMemoryView_GET_BUFFER(view).buf)
    finally:
        if saver is not None:
            saver.end()
    return view


cdef object room_in_buffer(object out, size_t needed):
    """The first bytes of a buffer that can be written to, as many as are needed."""
    view = view_of_buffer(out, "out")
    if view.readonly or not view.c_contiguous:
        raise TypeError(f"out: expected a contiguous buffer that can be written to, got {type(out).__name__}")
    view = view.cast("B")
    if <size_t>view.nbytes < needed:
        raise ValueError(f"out: expected a buffer of at least {needed:,} bytes, got {view.nbytes:,}")
    return view[:needed]


cdef int save_file(Base m, object path) except -1:
    from ._disk import whole, write
    cdef Saver saver
    cdef Image image = m.image_now()
    if image is not None:  # whatever is in it
        write(path, whole(image.view))
    else:
        saver = saver_of(m)
        try:
            write(path, saver.pieces)
        finally:
            saver.end()
    return 0


cdef size_t saved_size(Base m) except? 0:
    cdef Image image = m.image_now()
    if image is not None:
        return image.view.nbytes
    cdef Saver saver = saver_of(m)
    cdef size_t size = gomap_save_bytes(saver.saver)
    saver.end()
    return size


# ---- opening ------------------------------------------------------------------------------------------------------

cdef int refuse_saved(int code, const char *why, object name) except -1:
    from . import files
    if code == GOMAP_SNAPSHOT_NO_MEMORY:
        raise MemoryError()
    reason = why.decode()
    if code == GOMAP_SNAPSHOT_FOREIGN:
        raise files.ForeignFileError(f"{name}: expected a saved map, got something else: {reason}")
    if code == GOMAP_SNAPSHOT_SHORT:
        raise files.TruncatedFileError(f"{name}: the saved map is cut off: {reason}")
    if code == GOMAP_SNAPSHOT_LATER:
        raise files.NewerFileError(f"{name}: {reason}, and this gomap reads versions up to {GOMAP_SNAPSHOT_VERSION}: "
                                   "install a later gomap")
    if code == GOMAP_SNAPSHOT_ENDIAN:
        raise NotImplementedError(f"{name}: saved maps are little-endian, and this machine is big-endian")
    raise files.DamagedFileError(f"{name}: the saved map is damaged: {reason}")


cdef object view_of_buffer(object buffer, str name):
    try:
        return memoryview(buffer)
    except TypeError:
        raise TypeError(f"{name}: expected an object with a buffer, such as bytes or a memoryview, "
                        f"got {type(buffer).__name__} {shown(buffer)}") from None


cdef object buffer_view(object buffer):
    view = view_of_buffer(buffer, "buffer")
    if not view.c_contiguous:
        raise TypeError("buffer: expected one contiguous piece of memory, got one with gaps")
    return view.cast("B") if view.format != "B" or view.ndim != 1 else view


cdef Layout read_head(gomap_snapshot *snapshot, object view, object name):
    """Reads a head, and finds the types that it spells."""
    cdef char why[400]
    cdef int code = gomap_snapshot_read(snapshot, PyMemoryView_GET_BUFFER(view).buf, view.nbytes, why, sizeof(why))
    if code != GOMAP_SNAPSHOT_GOOD:
        refuse_saved(code, why, name)
    cdef Layout layout
    try:
        layout = layout_of(snapshot.key_type[:snapshot.key_type_bytes].decode(),
                           snapshot.value_type[:snapshot.value_type_bytes].decode())
    except (ValueError, TypeError) as error:
        layout = None
        told = str(error)
    if layout is None or layout.objects:
        from .files import DamagedFileError
        raise DamagedFileError(f"{name}: the saved map is damaged: its types are not spelled as types are"
                               + ("" if layout is not None else f": {told}"))
    return layout


cdef str saved_by(const gomap_snapshot *snapshot):
    return PLAIN_CLASSES[snapshot.made_by].__name__ if snapshot.made_by < len(PLAIN_CLASSES) else "another class"


cdef int fits_class(type cls, Layout layout, object name, object key, object value) except -1:
    """Whether a class can have what a saved map holds."""
    if issubclass(cls, Set) and layout.value_type != NOTHING_TYPE:
        raise TypeError(f"{name}: expected a saved set, got a map[{layout.key_type}]{layout.value_type}: use Map")
    for role, given, has in (("key", key, layout.key_type), ("value", value, layout.value_type)):
        if given is not MISSING and parse(given, role) != has:
            raise TypeError(f"{name}: expected {role}s of type {parse(given, role)}, got {has}")
    return 0


cdef Base opened(type cls, object buffer, object path, object mode, bint verify, object key=MISSING,
                 object value=MISSING, object name=None):
    """A map over a buffer. `path` is the file that it is, and `name` the file that it was read from."""
    cdef gomap_snapshot snapshot
    cdef char why[400]
    cdef int code
    cdef gomap *map
    cdef Image image
    if issubclass(cls, GO_CLASSES):
        name = (GoMap if issubclass(cls, GoMap) else SwissMap).__name__
        raise TypeError(f"a {name} is not read where it is saved, as its own layout is not that of a file: "
                        f"{name}.load(path) fills one, Map.open(path) and Map.from_buffer(buffer) read it as a Map")
    if mode != "r" and mode != "c":
        raise ValueError(f"mode: expected \"r\" or \"c\", got {shown(mode)}")
    view = buffer_view(buffer)
    name = repr(path if name is None else name) if path is not None or name is not None else "buffer"
    cdef Layout layout = read_head(&snapshot, view, name)
    fits_class(cls, layout, name, key, value)
    code = gomap_snapshot_open(&map, &snapshot, &layout.type, why, sizeof(why))
    if code != GOMAP_SNAPSHOT_GOOD:
        refuse_saved(code, why, name)
    try:
        if verify:
            verified(layout, map, &snapshot, name)
        image = Image.__new__(Image)
        image.view = view[:snapshot.bytes]
        image.path = path
        image.private = mode == "c"
        image.checksum = snapshot.checksum
        return over(cls, layout, image, &map)
    finally:
        if map != NULL:
            gomap_free(map)


cdef bint may_be_none(Codec codec) noexcept:
    """Whether some bytes are no key or value of the type: of a bool, a time, a struct or text."""
    return codec.kind == BOOL or codec.kind == STRING or codec.form != NULL or codec.timed


cdef bint text_holds(const gomap *map, Role role, const void *at) noexcept:
    cdef gomap_string text = gomap_string_at(map, role, at)
    return gomap_is_utf8(text.at, text.length)


cdef bint texts_hold(const gomap *map, Role role, Struct struct, const char *at) noexcept:
    cdef FieldCodec *field
    cdef Py_ssize_t i
    for i in range(struct.count if struct.string_count else 0):
        field = &struct.fields[i]
        if field.kind == STRUCT:
            if not texts_hold(map, role, <Struct>field.form, at + field.offset):
                return False
        elif field.kind == STRING and not text_holds(map, role, at + field.offset):
            return False
    return True


cdef bint item_holds(const gomap *map, Role role, Codec codec, const char *at) noexcept:
    if codec.kind == BOOL:
        return at[0] & 0xfe == 0
    if codec.kind == STRING:
        return text_holds(map, role, at)
    if codec.form != NULL and not (intact(<Struct>codec.form, at, role == KEY)
                                   and texts_hold(map, role, <Struct>codec.form, at)):
        return False
    return times_hold(codec, at)


cdef int entries_missing(Base m) except -1:
    """There are fewer entries than are counted."""
    cdef Image image = m.image_now()
    if image is not None:
        refuse_saved(GOMAP_SNAPSHOT_DAMAGED, b"it has fewer entries than it counts", image.name())
    raise RuntimeError("the map changed while it was copied")


cdef int check_text(Base m, Codec codec, bytearray text) except -1:
    """Whoever takes Arrow's text relies on its being UTF-8, which nobody has checked in a map over an image."""
    cdef Image image = m.image_now()
    if image is not None and codec.kind == STRING and not gomap_is_utf8(PyByteArray_AS_STRING(text), len(text)):
        refuse_saved(GOMAP_SNAPSHOT_DAMAGED, b"its text is not UTF-8", image.name())
    return 0


cdef int check_items(Layout layout, gomap *map, object name) except -1:
    """Raises DamagedFileError unless every key and value is one of its type."""
    cdef gomap_iter iter
    cdef const void *key
    cdef const void *value
    cdef bint keys = may_be_none(layout.key), values = may_be_none(layout.value)
    if not keys and not values:
        return 0
    gomap_iter_begin(&iter, map)
    try:
        while gomap_iter_next(&iter, &key, &value) == 1:
            if keys and not item_holds(map, KEY, layout.key, <const char *>key):
                refuse_saved(GOMAP_SNAPSHOT_DAMAGED, f"a key is no {layout.key_type}".encode(), name)
            if values and not item_holds(map, VALUE, layout.value, <const char *>value):
                refuse_saved(GOMAP_SNAPSHOT_DAMAGED, f"a value is no {layout.value_type}".encode(), name)
            if iter.left % PIECE == 0:
                PyErr_CheckSignals()
    finally:
        gomap_iter_end(&iter)
    return 0


cdef int verified(Layout layout, gomap *map, const gomap_snapshot *snapshot, object name) except -1:
    cdef char why[400]
    cdef int code
    with nogil:
        code = gomap_snapshot_verify(snapshot, why, sizeof(why))
        if code == GOMAP_SNAPSHOT_GOOD and gomap_check(map, why, sizeof(why)) < 0:
            code = GOMAP_SNAPSHOT_DAMAGED
    if code != GOMAP_SNAPSHOT_GOOD:
        refuse_saved(code, why, name)
    return check_items(layout, map, name)


cdef Base over(type cls, Layout layout, Image image, gomap **map):
    """An object of a class with this map, which is then its own."""
    cdef Base made = cls.__new__(cls)
    if made.map != NULL:  # a subclass's __new__ has made one
        made.become_empty(layout)
        made.write_lock()
        gomap_become(made.map, map[0])
        made.write_unlock()
    else:
        made.map = map[0]  # whom nobody else knows
    map[0] = NULL
    made.use(layout)  # to which the core's map refers
    if image is not None:
        made.image = image
        made.readers += 1  # as long as it is over the image: writing asks for it
    return made


cdef gomap *loaded_core(Base m, Image image) except NULL:
    """A copy in memory of its own of a map over an image, which is checked first."""
    cdef gomap *made = NULL
    cdef gomap_iter reader
    cdef gomap *map = read_begin(m, &reader)
    cdef char why[400]
    cdef int code
    with nogil:
        code = gomap_load(&made, map, why, sizeof(why))
    read_end(m, &reader)
    name = image.name()
    if code != GOMAP_SNAPSHOT_GOOD:
        refuse_saved(code, why, name)
    try:
        check_items(m.layout, made, name)
    except BaseException:
        gomap_free(made)
        raise
    return made


cdef Base loaded(type cls, object buffer, object path, bint reseed, object key=MISSING, object value=MISSING):
    """An ordinary map of what a buffer holds."""
    cdef gomap_snapshot snapshot
    cdef char why[400]
    cdef Base source = opened(Set if issubclass(cls, Set) else Map, buffer, path, "r", False, key, value)
    cdef gomap *map
    cdef int code
    read_head(&snapshot, source.image.view, source.image.name())
    with nogil:
        code = gomap_snapshot_verify(&snapshot, why, sizeof(why))
    if code != GOMAP_SNAPSHOT_GOOD:
        refuse_saved(code, why, source.image.name())
    if not reseed and not issubclass(cls, GO_CLASSES):
        map = loaded_core(source, source.image)
        try:
            return over(cls, source.layout, None, &map)
        finally:
            if map != NULL:
                gomap_free(map)
    check_items(source.layout, source.map, source.image.name())
    cdef Base made = made_empty(cls, source.layout, source.map.count)
    if gomap_merge(made.map, source.map) < 0:
        raise MemoryError()
    if made.map.count != source.map.count:
        refuse_saved(GOMAP_SNAPSHOT_DAMAGED, b"it has a key twice, or other entries than are counted", source.image.name())
    return made


cdef int leave_image(Base m, Image image) except -1:
    """Before the first write: the map's own memory instead of the image, or an error."""
    cdef gomap *made
    cdef bint left
    if not image.private:
        raise TypeError(f"this {m.spelling()} is over {image.name()}, which is only read: {type(m).__name__}.load(...) gives "
                        "one that can be written to, and mode=\"c\" one that is copied when it is first written to")
    if py_holds:
        raise RuntimeError("concurrent map read and map write")
    made = loaded_core(m, image)
    py_write_lock(&m.lock)
    left = m.image is image and m.readers == 1  # else another thread has done it, or reads
    if left:
        gomap_become(m.map, made)
        m.image = None
        m.readers -= 1
    py_write_unlock(&m.lock)
    if not left:
        gomap_free(made)
    return 0


def describe_saved(buffer, path):
    """What a saved map's head says: a :class:`gomap.files.FileInfo`."""
    from .files import FileInfo, Section
    cdef gomap_snapshot snapshot
    cdef gomap_section section
    cdef uint32_t i
    view = buffer_view(buffer)
    cdef Layout layout = read_head(&snapshot, view, repr(os.fspath(path)))
    sections = []
    for i in range(snapshot.sections):
        section = gomap_snapshot_section(&snapshot, i)
        sections.append(Section(name=SECTION_NAMES.get(section.what, "unknown"), size_class=section.of,
                                offset=section.at, nbytes=section.bytes, items=section.items,
                                checksum=f"{section.checksum:016x}"))
    return FileInfo(key_type=layout.key_type, value_type=layout.value_type, entries=snapshot.count,
                    nbytes=snapshot.bytes, version=snapshot.version, saved_by=saved_by(&snapshot),
                    checksum=f"{snapshot.checksum:016x}", sections=tuple(sections))


# ---- pickling -----------------------------------------------------------------------------------------------------

cdef object reduced_whole(Base m, int protocol):
    """How a map is pickled as an image, or as the file that it is over; None for one that is pickled by entries."""
    cdef Image image = m.image_now()
    cdef size_t needed
    if image is not None and image.path is not None:
        return _reopen, (type(m), image.path, "c" if image.private else "r", image.hex())
    if protocol < 5 and not (m.key.strings or m.value.strings):  # entries take fewer bytes
        return None
    if m.objects or sys.byteorder != "little":
        return None
    m.read_lock()
    needed = m.map.count * (m.key.size + m.value.size) + gomap_string_bytes(m.map)
    m.read_unlock()
    if needed < PICKLED_WHOLE:
        return None
    packed = image.view if image is not None else saved_bytes(m)
    if protocol < 5:
        return _restore_image, (type(m), packed if type(packed) is bytes else bytes(packed))
    from pickle import PickleBuffer
    return _restore_image, (type(m), PickleBuffer(packed))


def _restore_image(cls, buffer):
    """A pickled map: over the bytes that were pickled, until it is written to."""
    check_pickled_class(cls)
    if issubclass(cls, GO_CLASSES):
        return loaded(cls, buffer, None, False)
    return opened(cls, buffer, None, "c", False)


def _reopen(cls, path, mode, checksum):
    """A pickled map that was over a file: it is opened again."""
    cdef Base made
    from ._disk import mapped
    from .files import FileFormatError
    check_pickled_class(cls)
    try:
        buffer = mapped(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, "a map was pickled as this file, which is gone or on another machine",
                                path) from None
    made = opened(cls, buffer, path, mode, False)
    if made.image.hex() != checksum:
        raise FileFormatError(f"{path!r}: a map was pickled as this file, which holds something else since")
    return made
