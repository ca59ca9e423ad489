#pragma once

#include <memory>
#include <string>

namespace foresee::planner {

/// An OpenGL context without a window, for drawing into buffers. Looked up at run time, so that the program runs where
/// there is no OpenGL: EGL first (a GPU's, or Mesa's software one), then OSMesa.
class GlContext {
 public:
  virtual ~GlContext() = default;
  /// Makes it this thread's; release() before another thread does.
  virtual void make_current() = 0;
  virtual void release() = 0;
  virtual std::string name() const = 0;
};

/// @throws Error where neither is there, saying what to install. FORESEE_GL=egl or osmesa tries only that one.
std::unique_ptr<GlContext> make_gl_context();

}  // namespace foresee::planner
