# What is set up once the classes are there.


#: Saved maps have their numbers.
cdef tuple PLAIN_CLASSES = (Map, GoMap, Set, SwissMap)


def _one_of_them(cls, **options):
    """Base.__init_subclass__, which Cython cannot define: refuses a class derived from more than one of Map, Set, GoMap
    and SwissMap."""
    if sum([issubclass(cls, each) for each in PLAIN_CLASSES]) > 1:
        raise TypeError(f"class {cls.__name__}: expected one of Map, Set, GoMap and SwissMap among its bases, got more")
    super(Base, cls).__init_subclass__(**options)

if not py_set_attribute(<PyTypeObject *>Base, "__init_subclass__", classmethod(_one_of_them)):
    raise SystemError("gomap: the classes take no attributes in this version of CPython")

# Where users know them from, and pickles look for them.
py_set_name(<PyTypeObject *>Map, "gomap.Map")
py_set_name(<PyTypeObject *>GoMap, "gomap.GoMap")
py_set_name(<PyTypeObject *>SwissMap, "gomap.SwissMap")
py_set_name(<PyTypeObject *>Set, "gomap.Set")
py_set_name(<PyTypeObject *>Cache, "gomap.Cache")
for pickled in (_restore, _restore_empty, _restore_elements, _restore_image, _reopen):
    pickled.__module__ = "gomap"

collect_entries()
bools_read = Map(bool, bool)

MutableMapping.register(BaseMap)
MutableSet.register(Set)
MutableMapping.register(Cache)
