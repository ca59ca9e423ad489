// The program as one file, for FORESEE_PORTABLE.
extern "C" int foresee_main(int argc, char** argv);

int main(int argc, char** argv) { return foresee_main(argc, argv); }
