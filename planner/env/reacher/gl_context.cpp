#include "planner/env/reacher/gl_context.h"

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

/// A shared library that stays loaded: drivers do not survive being unloaded.
class Library {
 public:
  Library(const char* purpose, std::initializer_list<const char*> names) {
    for (const char* name : names)
      if ((handle_ = dlopen(name, RTLD_NOW | RTLD_GLOBAL))) return;
    fail("{}: {} is not installed", purpose, *names.begin());
  }
  template <class Function>
  Function get(const char* symbol) const {
    void* found = dlsym(handle_, symbol);
    if (!found) fail("{} is missing in the OpenGL library", symbol);
    return reinterpret_cast<Function>(found);
  }

 private:
  void* handle_ = nullptr;
};

// What is needed of EGL 1.5 (registry.khronos.org/EGL); no header has to be installed.
using EglInt = int32_t;
constexpr EglInt kEglNone = 0x3038, kEglSurfaceType = 0x3033, kEglPbufferBit = 1, kEglRenderableType = 0x3040,
                 kEglOpenGlBit = 8, kEglDepthSize = 0x3025, kEglStencilSize = 0x3026, kEglRedSize = 0x3024,
                 kEglGreenSize = 0x3023, kEglBlueSize = 0x3022, kEglWidth = 0x3057, kEglHeight = 0x3056;
constexpr unsigned kEglOpenGlApi = 0x30A2, kEglPlatformDevice = 0x313F, kEglPlatformSurfaceless = 0x31DD;

class EglContext final : public GlContext {
 public:
  EglContext() : library_("EGL", {"libEGL.so.1", "libEGL.so"}) {
    make_current_ = library_.get<MakeCurrent>("eglMakeCurrent");
    bind_api_ = library_.get<BindApi>("eglBindAPI");
    destroy_context_ = library_.get<Destroy>("eglDestroyContext");
    destroy_surface_ = library_.get<Destroy>("eglDestroySurface");
    const auto initialize = library_.get<unsigned (*)(void*, EglInt*, EglInt*)>("eglInitialize");
    for (void* display : displays())
      if (display && initialize(display, nullptr, nullptr) && open(display)) return;
    fail("EGL: no display without a window can be opened");
  }
  ~EglContext() override {
    make_current_(display_, nullptr, nullptr, nullptr);
    if (surface_) destroy_surface_(display_, surface_);
    destroy_context_(display_, context_);
  }
  void make_current() override {
    bind_api_(kEglOpenGlApi);  // a setting of the thread
    if (!make_current_(display_, surface_, surface_, context_)) fail("EGL: the context cannot be made current");
  }
  void release() override { make_current_(display_, nullptr, nullptr, nullptr); }
  std::string name() const override { return "EGL"; }

 private:
  using MakeCurrent = unsigned (*)(void*, void*, void*, void*);
  using BindApi = unsigned (*)(unsigned);
  using Destroy = unsigned (*)(void*, void*);

  /// Displays in the order they are tried: every device (a GPU, then Mesa's software one), then none in particular.
  std::vector<void*> displays() const {
    const auto address = library_.get<void* (*)(const char*)>("eglGetProcAddress");
    const auto platform =
        reinterpret_cast<void* (*)(unsigned, void*, const EglInt*)>(address("eglGetPlatformDisplayEXT"));
    const auto devices = reinterpret_cast<unsigned (*)(EglInt, void**, EglInt*)>(address("eglQueryDevicesEXT"));
    std::vector<void*> found;
    if (platform && devices) {
      std::array<void*, 16> list{};
      EglInt count = 0;
      if (devices(static_cast<EglInt>(list.size()), list.data(), &count))
        for (EglInt i = 0; i < count; ++i)
          found.push_back(platform(kEglPlatformDevice, list[static_cast<size_t>(i)], nullptr));
    }
    if (platform) found.push_back(platform(kEglPlatformSurfaceless, nullptr, nullptr));
    found.push_back(library_.get<void* (*)(void*)>("eglGetDisplay")(nullptr));
    return found;
  }

  bool open(void* display) {
    const auto choose = library_.get<unsigned (*)(void*, const EglInt*, void**, EglInt, EglInt*)>("eglChooseConfig");
    const auto create = library_.get<void* (*)(void*, void*, void*, const EglInt*)>("eglCreateContext");
    const auto buffer = library_.get<void* (*)(void*, void*, const EglInt*)>("eglCreatePbufferSurface");
    const EglInt wanted[] = {kEglRedSize,
                             8,
                             kEglGreenSize,
                             8,
                             kEglBlueSize,
                             8,
                             kEglDepthSize,
                             24,
                             kEglStencilSize,
                             8,
                             kEglSurfaceType,
                             kEglPbufferBit,
                             kEglRenderableType,
                             kEglOpenGlBit,
                             kEglNone};
    void* config = nullptr;
    EglInt count = 0;
    if (!choose(display, wanted, &config, 1, &count) || count == 0 || !bind_api_(kEglOpenGlApi)) return false;
    void* context = create(display, config, nullptr, nullptr);
    if (!context) return false;
    const EglInt size[] = {kEglWidth, 16, kEglHeight, 16, kEglNone};
    void* surface = buffer(display, config, size);
    if (!make_current_(display, surface, surface, context)) {
      if (surface) destroy_surface_(display, surface);
      destroy_context_(display, context);
      return false;
    }
    make_current_(display, nullptr, nullptr, nullptr);
    display_ = display;
    context_ = context;
    surface_ = surface;
    return true;
  }

  Library library_;
  MakeCurrent make_current_;
  BindApi bind_api_;
  Destroy destroy_context_, destroy_surface_;
  void *display_ = nullptr, *context_ = nullptr, *surface_ = nullptr;
};

class OsMesaContext final : public GlContext {
 public:
  OsMesaContext() : library_("OSMesa", {"libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"}), buffer_(16 * 16 * 4) {
    setenv("MUJOCO_GL", "osmesa", /*overwrite=*/1);  // MuJoCo then takes its functions from OSMesa
    constexpr unsigned kRgba = 0x1908;
    context_ =
        library_.get<void* (*)(unsigned, int, int, int, void*)>("OSMesaCreateContextExt")(kRgba, 24, 8, 0, nullptr);
    if (!context_) fail("OSMesa: no context can be made");
    make_current_ = library_.get<MakeCurrent>("OSMesaMakeCurrent");
    destroy_ = library_.get<void (*)(void*)>("OSMesaDestroyContext");
  }
  ~OsMesaContext() override { destroy_(context_); }
  void make_current() override {
    constexpr unsigned kUnsignedByte = 0x1401;
    if (!make_current_(context_, buffer_.data(), kUnsignedByte, 16, 16))
      fail("OSMesa: the context cannot be made current");
  }
  void release() override { make_current_(nullptr, nullptr, 0, 0, 0); }
  std::string name() const override { return "OSMesa"; }

 private:
  using MakeCurrent = unsigned char (*)(void*, void*, unsigned, int, int);
  Library library_;
  std::vector<uint8_t> buffer_;
  void* context_;
  MakeCurrent make_current_;
  void (*destroy_)(void*);
};

}  // namespace

std::unique_ptr<GlContext> make_gl_context() {
  const char* chosen = std::getenv("FORESEE_GL");
  const std::string wanted = chosen ? chosen : "";
  std::string reasons;
  if (wanted != "osmesa") try {
      return std::make_unique<EglContext>();
    } catch (const Error& error) {
      reasons += error.what();
    }
  if (wanted != "egl") try {
      return std::make_unique<OsMesaContext>();
    } catch (const Error& error) {
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    }
  fail(
      "no OpenGL without a window ({}); install libegl1 with a driver (libgl1-mesa-dri draws in software) or "
      "libosmesa6",
      reasons);
}

}  // namespace foresee::planner
